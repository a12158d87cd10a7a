#include "local-registry/adapters/sqlite_store.h"

#include <charconv>

#include "base/log.h"
#include "embedded/local_migrations.h"
#include "schema/codec.h"

namespace dmp::local {
namespace {

// Names of profiles hold no comma (adapters/profile_files.cc sees to it).
std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    names.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return names;
}

UpdateKind kind_of(std::string_view word) {
  if (word == enum_name(UpdateKind::kEnded)) return UpdateKind::kEnded;
  return word == enum_name(UpdateKind::kSnapshot) ? UpdateKind::kSnapshot : UpdateKind::kChange;
}

Error damaged(const std::string& table, const std::string& id, const Error& why) {
  return why.within("the row of " + id + " in table " + table +
                    " is damaged; restore the database from a backup or delete it to start anew");
}

}  // namespace

Result<SqliteStore> SqliteStore::open(const std::string& path, const RaeSerial& serial) {
  auto database = SqliteDatabase::open(path);
  if (!database) return tl::unexpected(database.error());
  SqliteStore store(std::move(*database));
  const std::string context = "database " + path;
  if (auto status = store.prepare(); !status) {
    return tl::unexpected(status.error().within(context));
  }
  if (auto status = store.take_over(serial); !status) {
    return tl::unexpected(status.error().within(context));
  }
  return store;
}

Status SqliteStore::prepare() {
  for (const char* pragma :
       {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA cache_size = -512",
        "PRAGMA wal_autocheckpoint = 250", "PRAGMA journal_size_limit = 4194304"}) {
    if (auto status = database_.execute(pragma); !status) return status;
  }
  auto check = database_.statement("PRAGMA quick_check(1)");
  if (!check) return tl::unexpected(check.error());
  const auto row = check->step();
  if (!row) return tl::unexpected(row.error());
  const std::string verdict = check->text(0);
  if (verdict != "ok") {
    return fail("store_damaged", "its integrity check says: " + verdict +
                                     "; restore it from a backup or delete it to start anew");
  }
  if (auto rest = check->step(); !rest) return tl::unexpected(rest.error());
  for (const auto& migration : embedded::local_migrations) {
    if (auto status = database_.execute(std::string(migration.text)); !status) {
      return tl::unexpected(status.error().within(migration.name));
    }
  }
  return {};
}

Status SqliteStore::take_over(const RaeSerial& serial) {
  const auto owner = meta("serial");
  if (!owner) return tl::unexpected(owner.error());
  if (*owner == serial.str()) return {};
  if (!owner->empty()) {
    log_warning("database_replaced", {{"made_for", *owner}, {"now_for", serial.str()}});
  }
  if (auto status = database_.execute("BEGIN IMMEDIATE"); !status) return status;
  for (const char* sql : {"DELETE FROM session", "DELETE FROM outbox"}) {
    if (auto status = database_.execute(sql); !status) return status;
  }
  if (auto status = put_meta("serial", serial.str()); !status) return status;
  return database_.execute("COMMIT");
}

Status SqliteStore::put_meta(const std::string& name, const std::string& value) {
  auto put = database_.statement(
      "INSERT INTO meta (name, value) VALUES (?1, ?2)"
      " ON CONFLICT (name) DO UPDATE SET value = excluded.value");
  if (!put) return tl::unexpected(put.error());
  return put->bind(name).bind(value).run();
}

Result<std::string> SqliteStore::meta(const std::string& name) {
  auto get = database_.statement("SELECT max(value) FROM meta WHERE name = ?1");
  if (!get) return tl::unexpected(get.error());
  const auto row = get->bind(name).step();
  if (!row) return tl::unexpected(row.error());
  std::string value = get->text(0);
  if (auto rest = get->step(); !rest) return tl::unexpected(rest.error());
  return value;
}

Result<Stored> SqliteStore::load() {
  Stored stored;
  const auto ceiling = meta("ceiling");
  if (!ceiling) return tl::unexpected(ceiling.error());
  const char* end = ceiling->data() + ceiling->size();
  const auto [at, problem] = std::from_chars(ceiling->data(), end, stored.ceiling.us);
  // From zero every stamp would be below what the cloud holds.
  if (!ceiling->empty() && (problem != std::errc() || at != end)) {
    return fail("bad_database", "the ceiling of the stamps cannot be read: " + *ceiling);
  }
  auto sessions = load_sessions();
  if (!sessions) return tl::unexpected(sessions.error());
  stored.sessions = std::move(*sessions);
  auto outbox = load_outbox();
  if (!outbox) return tl::unexpected(outbox.error());
  stored.outbox = std::move(*outbox);
  return stored;
}

Result<std::vector<SessionRecord>> SqliteStore::load_sessions() {
  std::vector<SessionRecord> sessions;
  auto select = database_.statement(
      "SELECT id, target, profiles, absent_hours, facets FROM session ORDER BY rowid");
  if (!select) return tl::unexpected(select.error());
  for (;;) {
    const auto row = select->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return sessions;
    SessionRecord& session = sessions.emplace_back();
    const auto id = SessionId::parse(select->text(0));
    if (!id) return tl::unexpected(damaged("session", select->text(0), id.error()));
    auto facets = decode_facets(select->text(4));
    if (!facets) return tl::unexpected(damaged("session", select->text(0), facets.error()));
    session.id = *id;
    session.target = select->text(1);
    session.profiles = split(select->text(2));
    session.absent_hours = static_cast<int>(select->number(3));
    session.facets = std::move(*facets);
  }
}

Result<std::vector<OutboxRow>> SqliteStore::load_outbox() {
  std::vector<OutboxRow> rows;
  auto select =
      database_.statement("SELECT session, stamp, kind, reason, facets FROM outbox ORDER BY stamp");
  if (!select) return tl::unexpected(select.error());
  for (;;) {
    const auto row = select->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return rows;
    const auto id = SessionId::parse(select->text(0));
    if (!id) return tl::unexpected(damaged("outbox", select->text(0), id.error()));
    auto facets = decode_facets(select->text(4));
    if (!facets) return tl::unexpected(damaged("outbox", select->text(0), facets.error()));
    OutboxRow& stored = rows.emplace_back();
    stored.session = *id;
    stored.update.kind = kind_of(select->text(2));
    stored.update.timestamp = Timestamp{select->number(1)};
    stored.update.reason = select->text(3);
    stored.update.facets = std::move(*facets);
  }
}

Status SqliteStore::run(std::string_view sql) {
  auto statement = database_.statement(sql);
  if (!statement) return tl::unexpected(statement.error());
  return statement->run();
}

Status SqliteStore::commit(const Transaction& transaction) {
  if (auto status = run("BEGIN IMMEDIATE"); !status) return status;
  auto status = write(transaction);
  if (status) status = run("COMMIT");
  // After some errors SQLite has rolled back by itself; then this one is in vain.
  if (!status) static_cast<void>(database_.execute("ROLLBACK"));
  return status;
}

Status SqliteStore::write(const Transaction& transaction) {
  auto keep = database_.statement(
      "INSERT INTO session (id, target, profiles, absent_hours, facets) VALUES (?1, ?2, ?3, ?4, ?5)"
      " ON CONFLICT (id) DO UPDATE SET target = excluded.target, profiles = excluded.profiles,"
      " absent_hours = excluded.absent_hours, facets = excluded.facets");
  auto forget = database_.statement("DELETE FROM session WHERE id = ?1");
  auto send = database_.statement(
      "INSERT INTO outbox (session, stamp, kind, reason, facets) VALUES (?1, ?2, ?3, ?4, ?5)"
      " ON CONFLICT (session) DO UPDATE SET stamp = excluded.stamp, kind = excluded.kind,"
      " reason = excluded.reason, facets = excluded.facets");
  auto settle = database_.statement("DELETE FROM outbox WHERE session = ?1 AND stamp = ?2");
  for (const auto* statement : {&keep, &forget, &send, &settle}) {
    if (!*statement) return tl::unexpected(statement->error());
  }
  Status status;
  if (transaction.ceiling) status = put_meta("ceiling", std::to_string(transaction.ceiling->us));
  for (const SessionRecord& session : transaction.keep) {
    if (!status) return status;
    status = keep->bind(session.id.str())
                 .bind(session.target)
                 .bind(joined(session.profiles))
                 .bind(std::int64_t{session.absent_hours})
                 .bind(encode(session.facets))
                 .run();
  }
  for (const SessionId& session : transaction.forget) {
    if (!status) return status;
    status = forget->bind(session.str()).run();
  }
  for (const OutboxRow& row : transaction.send) {
    if (!status) return status;
    status = send->bind(row.session.str())
                 .bind(row.update.timestamp.us)
                 .bind(enum_name(row.update.kind))
                 .bind(row.update.reason)
                 .bind(encode(row.update.facets))
                 .run();
  }
  for (const SettledRow& row : transaction.settle) {
    if (!status) return status;
    status = settle->bind(row.session.str()).bind(row.stamp.us).run();
  }
  return status;
}

}  // namespace dmp::local
