// WatchScan: which changes of the database a watch has not seen yet. Pure; owned by one thread.
//
// Rows carry when their statement began (changed_at), but are seen when it ends, at most
// kStatementTimeout later: so each look goes back behind the one before, and what was seen is left
// out. Most statements take milliseconds, so most looks go back a little; some go back farther, and
// one every three seconds as far as a statement can last. Times are µs of the database's clock.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace dmp::registry::api {

class WatchScan {
 public:
  // Of every writer of the tables (adapters/pqxx_errors.cc).
  static constexpr std::chrono::microseconds kStatementTimeout = std::chrono::seconds(10);
  // How often a look goes back so far behind the last one that did.
  struct Reach {
    std::chrono::microseconds every;
    std::chrono::microseconds overlap;
  };
  static constexpr std::array<Reach, 3> kReaches = {
      {{std::chrono::seconds(0), std::chrono::milliseconds(500)},
       {std::chrono::seconds(1), std::chrono::seconds(2)},
       {std::chrono::seconds(3), kStatementTimeout + std::chrono::seconds(1)}}};
  // At 900 updates a second, each of two rows, the longest look sees 25,000. When there are more
  // than this, the oldest are forgotten: they are read twice, and found to be none.
  static constexpr std::size_t kSeenMax = 200'000;

  // Everything from `now_us` on is to be seen.
  void start(std::int64_t now_us);

  // A look at `now_us`: at changes of this time and later.
  std::int64_t from(std::int64_t now_us);

  // Whether the row's change is new. The name is unique among all tables.
  bool is_new(const std::string& row, std::int64_t changed_us);

  // The look has succeeded; without it the next one begins no later.
  void done();

  [[nodiscard]] std::size_t seen() const { return seen_.size(); }

 private:
  void make_room();

  std::unordered_map<std::string, std::int64_t> seen_;     // its newest change
  std::array<std::int64_t, kReaches.size()> looked_us_{};  // the newest look that went so far
  std::int64_t looking_us_ = 0;
  std::size_t reach_ = 0;  // of the look under way
};

}  // namespace dmp::registry::api
