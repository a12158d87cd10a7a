// Comparison: the statements that compare the tables with those a replay of the topics made.
//
// The live tables may be ahead of the replay, never behind it, and hold the same values where they
// hold the same stamp. What the janitor may have removed may be missing; the canary's rows are left
// out. Pure.
#pragma once

#include <string>
#include <vector>

#include "registry/core/retention.h"

namespace dmp::registry {

inline constexpr int kDifferencesMax = 1000;  // of one table that are looked for

struct Comparison {
  std::string table;
  // Rows: key, what differs. `scratch` is the schema of the replayed tables; the live ones are
  // found by the connection's search path.
  std::string statement;
};

std::vector<Comparison> comparisons(const std::string& scratch, const Retention& retention,
                                    WallTime now);

// Marks the rows that hold other values under the same stamps as read by no decoder, so that the
// upsert reads them again.
std::vector<std::string> reread_statements(const std::string& scratch);

}  // namespace dmp::registry
