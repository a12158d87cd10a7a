// The agent's rules and the registry's rules together, under random faults in virtual time.
//
// DMP_SEED=n runs only that seed and prints its history; DMP_SEEDS=n runs so many.
#include <cstdlib>
#include <iostream>

#include <gtest/gtest.h>

#include "base/log.h"
#include "tests/simulation/world.h"

namespace dmp::simulation {
namespace {

constexpr std::uint64_t kSeeds = 10'000;
// A broken rule must show within so many.
constexpr std::uint64_t kSeedsToFind = kSeeds;
// What two machines with one identity do to the broker by turns: the least wait between attempts
// is 150 ms and grows to 2 s while no connection stands, and each ends the other's.
constexpr std::size_t kConnectionsInTenSecondsMax = 30;

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

std::string told(std::uint64_t seed, Plant plant) {
  const Verdict verdict = World(seed, plant, true).run();
  std::string text = verdict.history + "DMP_SEED=" + std::to_string(seed) + " ended with\n";
  for (const std::string& difference : verdict.differences) text += "  " + difference + "\n";
  return text;
}

struct Totals {
  std::vector<std::uint64_t> not_converged;
  std::int64_t connections = 0;
  std::int64_t resyncs = 0;
  int late = 0;
  std::size_t most_in_ten_seconds = 0;

  void add(std::uint64_t seed, const Verdict& verdict) {
    connections += verdict.connections;
    resyncs += verdict.resyncs;
    if (verdict.is_late) ++late;
    most_in_ten_seconds = std::max(most_in_ten_seconds, verdict.most_in_ten_seconds);
    if (!verdict.converged()) not_converged.push_back(seed);
  }
};

std::ostream& operator<<(std::ostream& out, const Totals& totals) {
  out << totals.connections << " connections, at most " << totals.most_in_ten_seconds
      << " of a RAE in 10 s, " << totals.resyncs << " resyncs, " << totals.late
      << " only by the next roster, " << totals.not_converged.size() << " not converged";
  for (std::size_t i = 0; i < totals.not_converged.size() && i < 20; ++i) {
    out << (i == 0 ? ": seeds " : ", ") << totals.not_converged[i];
  }
  return out;
}

struct Simulation : testing::Test {
  static void SetUpTestSuite() { log_start("simulation", LogLevel::kError); }
};

TEST_F(Simulation, every_history_ends_with_the_cloud_showing_what_the_agents_hold) {
  if (const auto seed = number_from("DMP_SEED")) {
    std::cout << told(*seed, Plant::kNone);
    EXPECT_TRUE(World(*seed, Plant::kNone, false).run().converged());
    return;
  }
  const std::uint64_t seeds = number_from("DMP_SEEDS").value_or(kSeeds);
  Totals totals;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    totals.add(seed, World(seed, Plant::kNone, false).run());
  }
  std::cout << seeds << " seeds: " << totals << "\n";
  EXPECT_LE(totals.most_in_ten_seconds, kConnectionsInTenSecondsMax);
  if (totals.not_converged.empty()) return;
  ADD_FAILURE() << told(totals.not_converged[0], Plant::kNone);
}

TEST_F(Simulation, the_same_seed_is_the_same_history) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    EXPECT_EQ(World(seed, Plant::kNone, true).run().history,
              World(seed, Plant::kNone, true).run().history);
  }
}

struct Planted {
  Plant plant;
  const char* name;
  Plant control = Plant::kNone;  // the same world with all rules as they are
};

struct PlantedRule : testing::TestWithParam<Planted> {
  static void SetUpTestSuite() { log_start("simulation", LogLevel::kError); }
};

TEST_P(PlantedRule, is_found) {
  const std::uint64_t seeds = number_from("DMP_SEEDS_TO_FIND").value_or(kSeedsToFind);
  if (seeds == 0) GTEST_SKIP() << "only without sanitizers";
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Verdict verdict = World(seed, GetParam().plant, false).run();
    if (verdict.converged()) continue;
    // Not something that the rules as they are do as well.
    if (!World(seed, GetParam().control, false).run().converged()) continue;
    std::cout << "found by seed " << seed << ": " << verdict.differences[0] << "\n";
    return;
  }
  ADD_FAILURE() << "not found within " << seeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(Simulation, PlantedRule,
                         testing::Values(Planted{Plant::kWillWithOwnStamp, "will_with_own_stamp"},
                                         Planted{Plant::kRosterStampedAfterListing,
                                                 "roster_stamped_after_listing"},
                                         Planted{Plant::kNoFloor, "no_floor"},
                                         Planted{Plant::kFreesOnPuback, "frees_on_puback"},
                                         Planted{Plant::kReconnectsAtOwnWill,
                                                 "reconnects_at_own_will", Plant::kAlikeDice}),
                         [](const auto& planted) { return std::string(planted.param.name); });

}  // namespace
}  // namespace dmp::simulation
