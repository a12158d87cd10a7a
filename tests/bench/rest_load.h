// RestLoad: what the REST bench's tool asks for, and how long it takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace dmp::bench {

struct RestLoad {
  std::string url;         // of the API, without a path
  std::string ca;          // file
  std::string token_file;  // holds the bearer token
  std::string database;    // libpq connection string
  std::int64_t devices = 100'000;
  std::int64_t groups = 1000;  // model "Group n" for n below this
  std::int64_t seconds = 10;
  std::int64_t watchers = 1000;
  std::int64_t connects_per_s = 100;  // of watchers
  std::int64_t lists_per_s = 200;
  std::int64_t gets_per_s = 200;
  std::int64_t selects_per_s = 200;
};

// The smallest value that 99 % of all do not exceed; -1 if there are none.
double p99_ms(std::vector<double>& ms);

Result<std::string> bearer_header(const RestLoad& load);

// An open loop: every request has its moment, and its time counts from then. Prints a JSON object.
Status ask(const RestLoad& load);

// Watches for `seconds`, each client one group. Prints a JSON object: how long after `t=` in a
// device's app_version (µs) a change was there.
Status watch(const RestLoad& load);

}  // namespace dmp::bench
