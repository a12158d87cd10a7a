// RestLoad: what the REST bench's tool asks for, and how long it takes.
#pragma once

#include <cstdint>
#include <stop_token>
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
  std::int64_t lists_per_s = 0;
  std::int64_t gets_per_s = 0;
  std::int64_t plain_per_s = 0;    // requests that the API answers without the database
  std::int64_t selects_per_s = 0;  // SELECT 1, past the API
};

// How long each took that went well, in ms.
class Times {
 public:
  void add(double ms) { ms_.push_back(ms); }
  [[nodiscard]] std::size_t count() const { return ms_.size(); }
  // The smallest that so many percent of all do not exceed; -1 if there are none.
  double percentile(std::size_t percent);

 private:
  std::vector<double> ms_;
};

Result<std::string> bearer_header(const RestLoad& load);

// An open loop: every request has its moment, and its time counts from then. Prints a JSON object.
Status ask(const RestLoad& load);

// Watches for `seconds`, or until it is stopped. Every second client watches a group of its own,
// the others all the same one. Prints a JSON object: how long after `t=` in a device's app_version
// (µs) a change was there, from when all of them have watched for a few seconds.
Status watch(const RestLoad& load, const std::stop_token& stop);

}  // namespace dmp::bench
