// `dmpctl compare`: compares agents with the cloud, once or until they are equal.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ctl/core/verdict.h"
#include "ctl/ports.h"

namespace dmp::ctl {

struct CompareOrder {
  std::vector<std::string> agents;  // files
  std::chrono::milliseconds within{};
  std::size_t show_max = 0;
};

struct CompareWorld {
  AgentSource& agents;
  CloudSource& cloud;
  Clock& clock;
  std::function<void(std::chrono::milliseconds)> pause;
};

inline constexpr std::chrono::milliseconds kCompareEvery{250};

// The first verdict that is equal, or the last within the time. An error if that one could not be
// had; one that time cannot mend ends the waiting.
Result<Verdict> compare_within(const CompareOrder& order, const CompareWorld& world);

}  // namespace dmp::ctl
