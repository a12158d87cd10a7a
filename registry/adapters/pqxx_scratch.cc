#include "registry/adapters/pqxx_scratch.h"

#include <charconv>
#include <pqxx/pqxx>
#include <random>

#include "base/log.h"
#include "registry/adapters/pqxx_migrations.h"
#include "registry/core/comparison.h"

namespace dmp::registry {
namespace {

constexpr std::string_view kPrefix = "dmp_verify_";
constexpr std::int64_t kLeftOverSeconds = std::int64_t{24} * 3600;

// A comparison reads whole tables; half an hour is far more than those of a day take.
constexpr const char* kSession = "SET statement_timeout = '1800s'";

std::string schema_name(WallTime now) {
  std::random_device random;
  return std::string(kPrefix) + std::to_string(now.us / 1'000'000) + "_" + std::to_string(random());
}

void drop(pqxx::connection_base& connection, const std::string& schema) {
  pqxx::nontransaction(connection).exec("DROP SCHEMA IF EXISTS " + schema + " CASCADE");
}

bool is_left_over(std::string_view schema, WallTime now) {
  std::int64_t seconds = 0;
  const char* begin = schema.data() + kPrefix.size();
  const char* end = schema.data() + schema.size();
  const auto [at, problem] = std::from_chars(begin, end, seconds);
  return problem == std::errc() && at != end && *at == '_' &&
         now.us / 1'000'000 - seconds > kLeftOverSeconds;
}

}  // namespace

SqlResult<std::unique_ptr<PqxxScratch>> PqxxScratch::make(const std::string& database,
                                                          const Retention& retention,
                                                          WallTime now) {
  std::unique_ptr<PqxxScratch> scratch(new PqxxScratch(database, schema_name(now), retention, now));
  if (auto created = scratch->create(); !created) return tl::unexpected(created.error());
  return scratch;
}

PqxxScratch::PqxxScratch(const std::string& database, std::string schema,
                         const Retention& retention, WallTime now)
    : database_(database),
      schema_(std::move(schema)),
      retention_(retention),
      now_(now),
      link_(database, "dmp-registry-verify", {}, kSession),
      store_(database, "dmp-registry-verify", schema_) {}

PqxxScratch::~PqxxScratch() {
  if (!made_) return;
  const auto dropped =
      link_.with([&](pqxx::connection_base& connection) { drop(connection, schema_); });
  if (!dropped) {
    log_warning("scratch_left", {{"schema", schema_}, {"error", dropped.error().message}});
  }
}

SqlResult<void> PqxxScratch::create() {
  auto made = link_.with([&](pqxx::connection_base& connection) {
    const auto schemas =
        pqxx::nontransaction(connection)
            .exec(
                "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE "
                "'dmp_verify_%'");
    for (const auto& row : schemas) {
      const auto schema = row[0].as<std::string>();
      if (!is_left_over(schema, now_)) continue;
      drop(connection, schema);
      link_.answered();
    }
    made_ = true;
    pqxx::nontransaction(connection).exec("CREATE SCHEMA " + schema_);
  });
  if (!made) return made;
  const auto migrated = migrate(database_, schema_);
  if (!migrated) return tl::unexpected(migrated.error());
  return {};
}

SqlResult<std::vector<Difference>> PqxxScratch::compare() {
  std::vector<Difference> differences;
  const auto done = link_.with([&](pqxx::connection_base& connection) {
    for (const Comparison& each : comparisons(schema_, retention_, now_)) {
      link_.answered();
      const auto rows = pqxx::nontransaction(connection).exec(each.statement);
      for (const auto& row : rows) {
        differences.push_back(
            {each.table, row[0].as<std::string>(), row[1].as<std::string>().substr(1)});
      }
    }
  });
  if (!done) return tl::unexpected(done.error());
  return differences;
}

SqlResult<void> PqxxScratch::allow_rereading() {
  return link_.with([&](pqxx::connection_base& connection) {
    for (const std::string& statement : reread_statements(schema_)) {
      link_.answered();
      pqxx::nontransaction(connection).exec(statement);
    }
  });
}

}  // namespace dmp::registry
