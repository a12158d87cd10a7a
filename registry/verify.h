// verify: whether the database holds what the retained topics say.
//
// Replays them into tables of their own by the upsert that ingest uses and compares. With `repair`
// it then replays them into the live tables, which only ever rise, and compares again. Nothing live
// is removed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "registry/ports.h"

namespace dmp::registry {

// What the topics held when the replay began, from their beginning. One thread uses it.
class Replay {
 public:
  virtual ~Replay() = default;

  // The next records, oldest first per partition; none once all were given.
  virtual Result<std::vector<Record>> next(Credit credit) = 0;
};

struct Difference {
  std::string table;
  std::string key;
  std::string what;

  bool operator==(const Difference&) const = default;
};

// The tables of the replay, beside the live ones; gone with the object.
class Scratch {
 public:
  virtual ~Scratch() = default;

  virtual DeviceStore& store() = 0;
  virtual SqlResult<std::vector<Difference>> compare() = 0;
  // Lets the live rows with other values under the same stamps be written again by the upsert.
  virtual SqlResult<void> allow_rereading() = 0;
};

struct Verification {
  std::int64_t records = 0;
  std::int64_t refused = 0;  // not decoded or refused by the database: dead letters
  std::vector<Difference> found;
  std::vector<Difference> left;  // after a repair; without one the same

  [[nodiscard]] bool holds() const { return left.empty(); }
};

struct VerifyParts {
  std::function<Result<std::unique_ptr<Replay>>()> make_replay;
  Scratch& scratch;
  DeviceStore* live = nullptr;  // to be repaired; null: nothing is
  // Ingest works meanwhile: what differs is looked at again, this much later, before it counts.
  std::chrono::milliseconds settle{2000};
};

Result<Verification> verify(const VerifyParts& parts, const std::stop_token& stop);

}  // namespace dmp::registry
