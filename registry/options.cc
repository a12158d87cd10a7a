#include "registry/options.h"

#include <algorithm>

#include "base/endpoints.h"
#include "registry/adapters/connection_string.h"
#include "registry/adapters/token_file.h"

namespace dmp::registry {

Retention Options::retention() const {
  return {.history = std::chrono::hours(24 * history_days),
          .rows = static_cast<std::size_t>(history_rows)};
}

bool Options::has_role(const std::string& role) const {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

Status Options::check() const {
  if (auto status = check_connection_string("database", database); !status) return status;
  if (command == "migrate") return {};
  if (repair && command != "verify") {
    return fail("bad_setting", "setting repair: belongs to the command verify");
  }
  if (command == "verify") return check_kafka();
  if (roles.empty())
    return fail("bad_setting", "setting roles: is empty; give ingest, api or both");
  for (const std::string& role : roles) {
    if (role != "ingest" && role != "api") {
      return fail("bad_setting",
                  "setting roles: '" + role + "' is not a role; give ingest, api or both");
    }
  }
  if (has_role("ingest")) {
    if (auto status = check_kafka(); !status) return status;
  }
  if (has_role("api")) {
    if (auto status = check_api(); !status) return status;
  }
  return check_listen_address("admin-address", admin_address);
}

Status Options::check_kafka() const {
  if (kafka_group.empty()) {
    return fail("bad_setting", "setting kafka-group: is empty; name a consumer group");
  }
  return check_brokers("kafka-brokers", kafka_brokers);
}

Status Options::check_api() const {
  if (api.tokens.empty()) {
    return fail("bad_setting", "setting tokens: is empty; role api needs the file of who may ask");
  }
  if (auto status = TokenFile::check(api.tokens); !status) {
    return tl::unexpected(status.error().within("setting tokens"));
  }
  return check_listen_address("api-address", api.address, AddressKind::kV4);
}

void add_to(Settings& settings, Options& options) {
  constexpr std::int64_t kLanesMax = 64;
  settings.commands(options.command,
                    {{"migrate", "bring the database's tables up to date, and leave"},
                     {"serve", "play the roles given until stopped"},
                     {"verify", "compare the tables with a replay of the topics, and leave"}});
  settings.add("repair", options.repair, "with verify: store again what differs");
  settings.add("roles", options.roles, "what this instance does, by commas: ingest, api");
  settings.add("database", options.database,
               "PostgreSQL or CockroachDB: libpq connection string or URI; password by passfile=");
  settings.add("kafka-brokers", options.kafka_brokers, "host:port, by commas");
  settings.add("kafka-group", options.kafka_group, "consumer group");
  settings.add("kafka-instance", options.kafka_instance,
               "stable name of this instance in its group: a restart keeps its partitions");
  settings.add("update-lanes", options.update_lanes, "threads that store device updates", 1,
               kLanesMax);
  settings.add("agent-lanes", options.agent_lanes, "threads that store what agents say", 1,
               kLanesMax);
  settings.add("beat", options.beat,
               "say in table ingest how far behind this consumer is; false for a second consumer "
               "group on the same database");
  settings.add("poison-percent", options.poison_percent,
               "a lane halts when more of a minute's records would be dead letters, and at least "
               "100; 100: never",
               1, 100);
  settings.add("history-days", options.history_days,
               "history is kept so long, and so are sessions that their RAE no longer lists", 1,
               3650);
  settings.add("history-rows", options.history_rows, "of one session, the newest", 10, 1'000'000);
  settings.add("api-address", options.api.address, "of the REST API; its proxy is the only client");
  settings.add("api-port", options.api.port, "0: any free one", 0, 65535);
  settings.add("tokens", options.api.tokens, "file of who may ask: sha256, subject, role, RAEs");
  settings.add("api-workers", options.api.workers, "database connections that answer", 1, 64);
  settings.add("watchers-max", options.api.watchers_max, "clients that watch; more get 503", 1,
               100'000);
  settings.add("watch-mib-max", options.api.watch_mib_max,
               "memory of all lists that are watched; watches of more get 503", 1, 65536);
  settings.add("list-age-max-ms", options.api.list_age_max_ms,
               "lists and single devices are answered from memory that is no older, else from the "
               "database; 0: always from the database",
               0, 60'000);
  settings.add("list-mib-max", options.api.list_mib_max,
               "memory of the devices that lists are answered from; with more of them lists are "
               "read from the database",
               1, 65536);
  settings.add("admin-address", options.admin_address, "of /livez, /readyz, /metrics");
  settings.add("admin-port", options.admin_port, "0: any free one", 0, 65535);
  settings.check([&options] { return options.check(); });
}

}  // namespace dmp::registry
