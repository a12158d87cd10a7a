// WatchScan: which changes of the database a watch has not seen yet. Pure; owned by one thread.
//
// Rows carry when their statement began (changed_at), but are seen when it ends, at most
// kStatementTimeout later. Most statements take milliseconds, so each look goes back a little
// behind the one before, and what was seen is left out. For those that take longer every stretch of
// time is looked at again when it is kLags old: the last time nobody can be writing it any more.
// Times are µs of the database's clock.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace dmp::registry::api {

class WatchScan {
 public:
  // Of every writer of the tables (adapters/pqxx_errors.cc).
  static constexpr std::chrono::microseconds kStatementTimeout = std::chrono::seconds(10);
  static constexpr std::chrono::microseconds kOverlap = std::chrono::milliseconds(500);
  // A statement of 2 to 5 s is seen at most 3 s after its end, a longer one 6 s.
  static constexpr std::array<std::chrono::microseconds, 3> kLags = {
      std::chrono::seconds(2), std::chrono::seconds(5),
      kStatementTimeout + std::chrono::seconds(1)};
  static constexpr std::chrono::microseconds kLookAgainEvery = std::chrono::milliseconds(500);
  // 900 updates a second, each of two rows, are 20,000 until the last look at them. When there are
  // more than this, the oldest are forgotten: they are read twice, and found to be none.
  static constexpr std::size_t kSeenMax = 200'000;

  // Everything from `now_us` on is to be seen.
  void start(std::int64_t now_us);

  // Of changed_at, both ends included.
  struct Stretch {
    std::int64_t from_us = 0;
    std::int64_t to_us = 0;
  };

  // What a look at `now_us` is at.
  std::vector<Stretch> look(std::int64_t now_us);

  // All that anybody may still be writing.
  static Stretch everything(std::int64_t now_us);

  // Whether the row's change is new. The name is unique among all tables.
  bool is_new(const std::string& row, std::int64_t changed_us);

  // The look has succeeded; without it the next one is at the same as well.
  void done();

  [[nodiscard]] std::size_t seen() const { return seen_.size(); }

 private:
  void make_room();

  std::unordered_map<std::string, std::int64_t> seen_;  // its newest change
  std::int64_t looked_us_ = 0;                          // the newest look
  std::int64_t again_us_ = 0;                           // the newest that looked again
  std::int64_t looking_us_ = 0;
  bool again_ = false;  // the look under way does
};

}  // namespace dmp::registry::api
