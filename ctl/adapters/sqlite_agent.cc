#include "ctl/adapters/sqlite_agent.h"

#include <memory>

#include <sqlite3.h>

#include "schema/codec.h"

namespace dmp::ctl {
namespace {

constexpr int kBusyMs = 2000;

// Keeps the first error; after one nothing more is read.
class Reader {
 public:
  explicit Reader(const std::string& file) {
    sqlite3* raw = nullptr;
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(file.c_str(), &raw, flags, nullptr) != SQLITE_OK) note("cannot be opened");
    database_.reset(raw);
    note_if_failed(raw, "");
    sqlite3_busy_timeout(raw, kBusyMs);
  }

  // on_row(statement) for every row.
  template <class OnRow>
  void rows(const char* sql, OnRow&& on_row) {
    if (error_) return;
    sqlite3_stmt* raw = nullptr;
    sqlite3_prepare_v2(database_.get(), sql, -1, &raw, nullptr);
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
    if (raw == nullptr) return note_if_failed(database_.get(), sql);
    int code = SQLITE_ROW;
    while (!error_ && (code = sqlite3_step(raw)) == SQLITE_ROW) on_row(raw);
    if (!error_ && code != SQLITE_DONE) note_if_failed(database_.get(), sql);
  }

  void refuse(Error error) {
    if (!error_) error_ = std::move(error);
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  static std::string text(sqlite3_stmt* row, int column) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
    return text == nullptr ? std::string() : std::string(text, size);
  }

 private:
  // The agent may be about to make it.
  void note(const std::string& what) { refuse({"agent_unreadable", what, Retry::kYes}); }
  void note_if_failed(sqlite3* database, const std::string& doing) {
    if (database != nullptr && sqlite3_errcode(database) == SQLITE_OK) return;
    const char* why = database == nullptr ? "no memory" : sqlite3_errmsg(database);
    error_ = Error{"agent_unreadable", doing + (doing.empty() ? "" : ": ") + why, Retry::kYes};
  }

  std::unique_ptr<sqlite3, int (*)(sqlite3*)> database_{nullptr, sqlite3_close};
  std::optional<Error> error_;
};

Result<AgentRecord> read_record(Reader& reader) {
  AgentRecord record;
  const auto nothing = [](sqlite3_stmt*) {};
  reader.rows("BEGIN", nothing);
  std::string serial;
  reader.rows("SELECT value FROM meta WHERE name = 'serial'",
              [&](sqlite3_stmt* row) { serial = Reader::text(row, 0); });
  reader.rows("SELECT id, facets FROM session", [&](sqlite3_stmt* row) {
    const auto id = SessionId::parse(Reader::text(row, 0));
    auto facets = decode_facets(Reader::text(row, 1));
    if (!id) return reader.refuse(id.error());
    if (!facets) return reader.refuse(facets.error().within("session " + id->str()));
    record.sessions[*id] = std::move(*facets);
  });
  reader.rows("SELECT count(*) FROM outbox",
              [&](sqlite3_stmt* row) { record.unconfirmed = sqlite3_column_int64(row, 0); });
  reader.rows("COMMIT", nothing);
  if (reader.error()) return tl::unexpected(*reader.error());
  const auto rae = RaeSerial::parse(serial);
  if (!rae) return tl::unexpected(rae.error().within("its serial"));
  record.rae = *rae;
  return record;
}

}  // namespace

Result<AgentRecord> SqliteAgent::read(const std::string& file) {
  Reader reader(file);
  auto record = read_record(reader);
  if (!record) return tl::unexpected(record.error().within("agent database " + file));
  return record;
}

}  // namespace dmp::ctl
