// WatchReading: which devices may look different than when they were read last. One thread.
//
// The changes of all tables the view reads, the RAEs whose doubt begins or ends (silence, a lost
// bridge, the registry being behind), the holds that run out. A device is named too often rather
// than not at all: its item decides. Holds which device each session was of (kSessionsMax), so
// that a session which moves names both.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "registry/api/problem.h"
#include "registry/api/reader.h"
#include "registry/api/replica/replica.h"
#include "registry/api/watch/watch_scan.h"
#include "registry/api/watch/watch_statements.h"

namespace dmp::registry::api {

class WatchReading {
 public:
  static constexpr std::size_t kSessionsMax = 1'000'000;

  using Devices = std::vector<std::string>;  // device_ids
  // Told what is to be read again, some at a time; false: it could not be, and the look ends.
  using Visit = std::function<bool(const Devices&)>;

  explicit WatchReading(Reader& reader) : reader_(reader) {}

  // From now on everything is noticed.
  Answer<void> start(bool canary);

  // What changed since the last look; if this one fails, all lists must be read again.
  Answer<void> look_for_changes(bool canary, const Visit& visit);

  // What time alone has changed, likewise; about once a second.
  Answer<void> look_for_deadlines(bool canary, const Visit& visit);

  // As the last look for deadlines found it; taken, it is forgotten.
  Replica::Heard take_heard() { return std::exchange(heard_, {}); }

  // Whether something happened after which all lists must be read again; taken, it is forgotten.
  [[nodiscard]] bool is_everything() const { return everything_; }
  bool take_everything() { return std::exchange(everything_, false); }

  // Rows of item_columns that were read.
  void note(const Rows& items);

 private:
  struct Doubt {
    std::string doubt;
    bool unconfirmed = false;
    bool mixed = false;  // some of its devices were read under another one
  };

  // What a look has found.
  struct Fresh {
    std::vector<std::string> devices;
    std::unordered_map<std::string, std::string> sessions;  // of unknown devices: their RAEs
    std::vector<std::string> raes;
  };

  Answer<std::int64_t> clock();
  void note_doubt(std::string_view rae, std::string_view doubt);
  Answer<void> pass_over_changes(std::int64_t now_us, bool canary);
  Answer<void> read_changes(bool canary, const Visit& visit);
  Answer<void> read_changes(const WatchScan::Stretch& stretch, bool canary, const Visit& visit);
  Answer<void> read_deadlines(bool canary, const Visit& visit);
  bool take_fresh(const Rows& changes, WatchPositions& positions, Fresh& fresh);
  void take_session(const WatchPosition& row, std::string_view device, Fresh& fresh);
  void take_state(const WatchPosition& row, Fresh& fresh);
  Answer<void> devices_of(const Fresh& fresh, std::unordered_set<std::string>& found);
  Answer<void> not_visited();
  Answer<void> visit_raes(std::vector<std::string> raes, const Visit& visit);
  Answer<std::vector<std::string>> doubtful_raes(bool canary);

  Reader& reader_;
  WatchScan scan_;
  std::unordered_map<std::string, std::string> device_of_;  // by session
  // That a session was seen to be no more of before the look that finds its change.
  std::unordered_set<std::string> left_;
  std::unordered_map<std::string, Doubt> doubts_;  // by RAE
  Replica::Heard heard_;
  std::int64_t holds_us_ = 0;
  bool behind_ = false;
  bool everything_ = false;
};

}  // namespace dmp::registry::api
