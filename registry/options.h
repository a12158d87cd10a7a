// Options: what dmp-registry is told at its start.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.h"
#include "registry/api/api_server.h"
#include "registry/core/retention.h"

namespace dmp::registry {

struct Options {
  std::string command;  // migrate | serve | verify
  bool repair = false;
  std::vector<std::string> roles = {"ingest", "api"};

  std::string database;  // libpq connection string or URI; a password belongs in its passfile
  std::string kafka_brokers;
  std::string kafka_group = "dmp-registry";
  std::string kafka_instance;     // stable name of this instance in its group; empty: none
  std::int64_t update_lanes = 2;  // each has a thread and a database connection
  std::int64_t agent_lanes = 1;
  bool beat = true;
  std::int64_t poison_percent = 20;  // 100: a lane never halts
  std::int64_t history_days = 14;    // also how long a session that rosters leave out is kept
  std::int64_t history_rows = 1000;  // of one session

  ApiOptions api;  // its database is the one above

  std::string admin_address = "127.0.0.1";
  std::int64_t admin_port = 0;

  [[nodiscard]] Retention retention() const;
  [[nodiscard]] bool has_role(const std::string& role) const;
  [[nodiscard]] Status check() const;

 private:
  [[nodiscard]] Status check_kafka() const;
  [[nodiscard]] Status check_api() const;
};

void add_to(Settings& settings, Options& options);

}  // namespace dmp::registry
