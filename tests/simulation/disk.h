// Disk: an agent's database that outlives the agent and can crash it at a commit.
#pragma once

#include <optional>
#include <vector>

#include "tests/local-registry/fakes/fakes.h"
#include "tests/simulation/timeline.h"

namespace dmp::simulation {

class Disk final : public local::Store {
 public:
  explicit Disk(const Timeline& timeline) : timeline_(timeline) {}

  // The machine dies at the next commit: just before it is on disk, or just after.
  enum class Crash { kBeforeCommit, kAfterCommit };
  void crash_at_next_commit(Crash crash) { crash_ = crash; }
  [[nodiscard]] bool is_crashed() const { return crashed_; }
  void power_on() {
    crashed_ = false;
    crash_.reset();
  }

  void wipe() { store_ = {}; }
  void copy(const Disk& other) { store_ = other.store_; }

  Result<local::Stored> load() override { return store_.load(); }

  Status commit(const local::Transaction& transaction) override {
    if (crashed_ || crash_ == Crash::kBeforeCommit) {
      crashed_ = true;
      return {};
    }
    auto status = store_.commit(transaction);
    if (crash_ == Crash::kAfterCommit) crashed_ = true;
    if (listings_.empty() || listings_.back().sessions != sessions()) {
      listings_.push_back({timeline_.now(), sessions()});
    }
    return status;
  }

  [[nodiscard]] const local::Stored& stored() const { return store_.stored(); }

  // The sessions this disk held at an earlier time.
  [[nodiscard]] std::vector<SessionId> listed_at(SimTime time) const {
    std::vector<SessionId> found;
    for (const Listing& listing : listings_) {
      if (listing.since <= time) found = listing.sessions;
    }
    return found;
  }

 private:
  struct Listing {
    SimTime since;
    std::vector<SessionId> sessions;
  };

  [[nodiscard]] std::vector<SessionId> sessions() const {
    std::vector<SessionId> ids;
    for (const local::SessionRecord& record : stored().sessions) ids.push_back(record.id);
    return ids;
  }

  const Timeline& timeline_;
  local::FakeStore store_;
  std::optional<Crash> crash_;
  bool crashed_ = false;
  std::vector<Listing> listings_;
};

}  // namespace dmp::simulation
