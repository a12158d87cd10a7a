// OwnIdentities: the certificates of one run's clients, for its time.
//
// What is there already and still good is used and stays. What the run makes is removed at its end,
// also where it replaced what was no longer good; until then a locked file `canary-RUN.lock` stands
// beside it. A lock that nobody holds is of a run that was killed: the next run in that folder
// removes what that one made, by its names.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "canary/adapters/identities.h"

namespace dmp::canary {

class OwnIdentities {
 public:
  explicit OwnIdentities(IdentityPlan plan) : plan_(std::move(plan)) {}
  ~OwnIdentities();
  OwnIdentities(const OwnIdentities&) = delete;
  OwnIdentities& operator=(const OwnIdentities&) = delete;

  // Makes those that are missing; without an authority's key it is an error if there are any. Also
  // an error: a run of that name is under way in that folder. Waits for its end for about 1 s.
  // Stopped: returns at once, not all are there. `progress`: how many are, after each.
  Status obtain(const std::stop_token& stop, const std::function<void(std::int64_t)>& progress);

 private:
  Status claim(const std::stop_token& stop);

  const IdentityPlan plan_;
  int lock_ = -1;
  std::vector<std::int64_t> made_;
  std::vector<std::string> folders_;  // that were not there before
};

// Of runs that were killed: removes what they made in that folder, and nothing else.
void remove_leftovers(const std::string& folder);

// What is made there from now on is not that run's leftover. Error: that run is under way; its end
// is waited for as above.
Status disown(const std::string& folder, const std::string& run, const std::stop_token& stop);

}  // namespace dmp::canary
