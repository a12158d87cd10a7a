#include "registry/adapters/pqxx_reader.h"

#include <future>
#include <map>
#include <memory>
#include <pqxx/pqxx>

#include "base/backoff.h"
#include "registry/adapters/pqxx_connection.h"
#include "registry/adapters/pqxx_errors.h"

namespace dmp::registry {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t kPreparedMax = 64;
// Of a reader that has seen the server stand still: whoever asks is told so at once.
constexpr std::chrono::milliseconds kConnectPatience{100};
constexpr std::string_view kCancelled = "57014";  // by the statement timeout

tl::unexpected<Error> away(const std::string& what) {
  return fail("database_away", "the database does not answer: " + what, Retry::kYes);
}

api::Rows to_rows(const pqxx::result& result) {
  api::Rows rows(result.columns());
  for (const auto& row : result) {
    // A field by value would share in the result's ownership, twice a cell and for all threads.
    const auto end = row.end();
    for (auto field = row.begin(); field != end; ++field) {
      rows.add({field->c_str(), field->size()});
    }
    if (rows.size() == 1) rows.expect(static_cast<std::size_t>(result.size()));
  }
  return rows;
}

}  // namespace

struct PqxxReader::Session {
  explicit Session(PqxxReaderOptions given) : options(std::move(given)) {}

  // On a thread of its own. Throws what libpqxx throws.
  std::unique_ptr<PqxxConnection> connect() {
    line.set_limit(options.statement_timeout + options.silence_margin);
    auto made = std::make_unique<PqxxConnection>(
        bounded_connection_string(options.database, "dmp-registry-api"), line);
    const Waiting waiting(line);
    made->set_variable("statement_timeout", std::to_string(options.statement_timeout.count()));
    made->set_variable("default_transaction_read_only", "on");
    return made;
  }

  // False: the database is known to be away, or does not let us in soon enough.
  bool connected() {
    if (connection) return true;
    if (!connecting.valid()) {
      if (steady_clock::now() < retry_at) return false;
      prepared.clear();
      writable = false;
      connecting = std::async(std::launch::async, [this] { return connect(); });
    }
    if (silent && connecting.wait_for(kConnectPatience) != std::future_status::ready) return false;
    connection = connecting.get();
    silent = false;
    return true;
  }

  Result<api::Rows> run(const api::Statement& statement, bool writes) {
    if (!connected()) return away(last_error);
    const Waiting waiting(line);
    allow_writes(writes);
    const std::string name = statement.by_key ? prepare(statement.text) : "";
    pqxx::nontransaction transaction(*connection);
    const auto values = pqxx::prepare::make_dynamic_params(statement.values);
    auto rows = to_rows(name.empty() ? transaction.exec_params(statement.text, values)
                                     : transaction.exec_prepared(name, values));
    backoff.reset();
    return rows;
  }

  // For the connection, so that a write is one statement, committed with it. In a transaction of
  // several a row would be seen as late as all of them and the pauses between them may last, and
  // watches do not look back so far.
  void allow_writes(bool allowed) {
    if (allowed == writable) return;
    writable = true;  // for all we know, until the answer is here
    pqxx::nontransaction(*connection)
        .exec(std::string("SET default_transaction_read_only = ") + (allowed ? "off" : "on"));
    line.answered();
    writable = allowed;
  }

  // Planning the view takes longer than using it: the database keeps the plan. "": no more room.
  std::string prepare(const std::string& text) {
    const auto known = prepared.find(text);
    if (known != prepared.end()) return known->second;
    if (prepared.size() == kPreparedMax) return "";
    const std::string name = "by_key_" + std::to_string(prepared.size());
    connection->prepare(name, text);
    connection->prepare_now(name);
    line.answered();
    return prepared.emplace(text, name).first->second;
  }

  tl::unexpected<Error> lost(const std::string& what) {
    silent = silent || line.silence().count() > 0;
    connection.reset();
    last_error = what;
    retry_at = steady_clock::now() + backoff.next();
    return away(last_error);
  }

  // Library exceptions become Errors here and nowhere else.
  Result<api::Rows> try_run(const api::Statement& statement, bool writes) {
    try {
      return run(statement, writes);
    } catch (const std::exception& error) {
      const SqlError converted = connection ? connection->error_of(error) : sql_error_of(error);
      if (converted.sqlstate == kCancelled) {
        return fail("too_slow", converted.message, Retry::kYes);
      }
      if (!connection || converted.fault == SqlFault::kTransient) return lost(converted.message);
      return fail("bad_statement", converted.sqlstate + " " + converted.message);
    }
  }

  const PqxxReaderOptions options;
  const std::shared_ptr<SilenceWatch> watch = SilenceWatch::running();
  SilenceWatch::Line line{*watch};
  std::unique_ptr<PqxxConnection> connection;
  std::future<std::unique_ptr<PqxxConnection>> connecting;
  bool silent = false;                          // when it was there last, it did not answer
  std::map<std::string, std::string> prepared;  // by text; of this connection
  bool writable = false;
  Backoff backoff{{.first = 100ms, .most = 2000ms, .jitter_percent = 20},
                  static_cast<std::uint64_t>(steady_clock::now().time_since_epoch().count())};
  steady_clock::time_point retry_at{};
  std::string last_error;
};

PqxxReader::PqxxReader(PqxxReaderOptions options)
    : session_(std::make_unique<Session>(std::move(options))) {}

PqxxReader::~PqxxReader() = default;

Result<api::Rows> PqxxReader::read(const api::Statement& statement) {
  const bool used_before = session_->connection != nullptr;
  auto rows = session_->try_run(statement, false);
  if (rows || rows.error().code != "database_away" || !used_before || session_->silent) return rows;
  // The connection may have died long ago, unnoticed: a read is safe to repeat.
  session_->retry_at = {};
  return session_->try_run(statement, false);
}

Result<api::Rows> PqxxReader::write(const api::Statement& statement) {
  return session_->try_run(statement, true);
}

}  // namespace dmp::registry
