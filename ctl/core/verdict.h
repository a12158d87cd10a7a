// Verdict: what a comparison of several agents came to, and how it is told. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "ctl/core/comparison.h"

namespace dmp::ctl {

struct Counts {
  std::int64_t lost = 0;
  std::int64_t stale = 0;
  std::int64_t phantom = 0;

  void add(Kind kind);
  [[nodiscard]] std::int64_t sum() const { return lost + stale + phantom; }
};

struct AgentVerdict {
  std::string file;
  RaeSerial rae;
  std::int64_t sessions = 0;
  std::int64_t facets = 0;
  std::int64_t unconfirmed = 0;
  Counts counts;
};

struct Verdict {
  std::vector<AgentVerdict> agents;
  std::vector<Difference> shown;  // the first of all, at most as many as asked for
  std::chrono::milliseconds took{};

  void add(const std::string& file, const AgentRecord& agent, const CloudRecord& cloud,
           std::size_t show_max);
  [[nodiscard]] Counts counts() const;
  [[nodiscard]] bool is_equal() const { return counts().sum() == 0; }
};

// One line that says it all, then one per shown difference.
std::string text_of(const Verdict& verdict);

}  // namespace dmp::ctl
