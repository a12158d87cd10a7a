// The kernel's neighbour table, bridge and cables, for real.
#include <gtest/gtest.h>

#include "local-registry/adapters/kernel_neighbours.h"
#include "local-registry/adapters/lan_watch.h"
#include "local-registry/adapters/neighbour_source.h"
#include "tests/local-registry/lan_stage.h"

namespace dmp::local {
namespace {

constexpr std::chrono::seconds kPatience{60};

class Neighbours : public testing::Test {
 protected:
  static void SetUpTestSuite() { permitted_ = LanStage::enter(); }

  void SetUp() override {
    if (!permitted_) GTEST_SKIP() << "network namespaces are not permitted here";
    stage_ = std::make_unique<LanStage>();
  }

  void begin() {
    std::vector<std::unique_ptr<LanSource>> sources;
    sources.push_back(NeighbourSource::open(LanStage::kBridge).value());
    watch_ = std::make_unique<LanWatch>(std::move(sources), events_, metrics_);
    ASSERT_TRUE(watch_->run());
    table_ = KernelNeighbours::open(LanStage::kBridge).value();
  }

  // The next sighting of that kind for which `wanted` holds.
  template <class Seen, class Wanted>
  std::optional<Seen> wait(Wanted&& wanted) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (auto event = events_.pop_until(deadline)) {
      auto* seen = std::get_if<Seen>(&std::get<Sighting>(*event));
      if (seen != nullptr && wanted(*seen)) return *seen;
    }
    return std::nullopt;
  }
  std::optional<NeighbourSeen> wait_for(int device, NeighbourSeen::State state) {
    return wait<NeighbourSeen>([&](const NeighbourSeen& seen) {
      return seen.address == LanStage::address(device) && seen.state == state;
    });
  }

  static inline bool permitted_ = false;
  std::unique_ptr<LanStage> stage_;
  EventQueue events_{10'000, 1 << 20};
  std::unique_ptr<KernelNeighbours> table_;
  Metrics metrics_;
  std::unique_ptr<LanWatch> watch_;
};

using State = NeighbourSeen::State;

TEST_F(Neighbours, show_a_watched_device_with_its_mac_and_port) {
  begin();
  ASSERT_TRUE(table_->watch(LanStage::address(1)));
  const auto port = wait<PortLearnt>(
      [](const PortLearnt& learnt) { return learnt.mac == LanStage::mac(1); });
  ASSERT_TRUE(port);
  EXPECT_GT(port->port, 0);
  const auto seen = wait_for(1, State::kReachable);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->mac, LanStage::mac(1));
  EXPECT_TRUE(seen->watched);
}

TEST_F(Neighbours, show_what_was_there_before_the_start) {
  stage_->rae("ip neigh replace " + LanStage::address(2) + " lladdr " + LanStage::mac(2) +
              " dev br-lan nud stale");
  begin();
  const auto seen = wait_for(2, State::kMentioned);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->mac, LanStage::mac(2));
  EXPECT_FALSE(seen->watched);
}

TEST_F(Neighbours, tell_when_a_device_falls_silent_and_when_it_answers_again) {
  begin();
  ASSERT_TRUE(table_->watch(LanStage::address(1)));
  ASSERT_TRUE(wait_for(1, State::kReachable));
  stage_->device(1, "ip link set eth0 arp off");
  EXPECT_TRUE(wait_for(1, State::kFailed));
  stage_->device(1, "ip link set eth0 arp on");
  ASSERT_TRUE(table_->watch(LanStage::address(1)));
  EXPECT_TRUE(wait_for(1, State::kReachable));
}

TEST_F(Neighbours, tell_a_pulled_cable_by_the_port_it_is_in) {
  begin();
  ASSERT_TRUE(table_->watch(LanStage::address(2)));
  const auto port = wait<PortLearnt>(
      [](const PortLearnt& learnt) { return learnt.mac == LanStage::mac(2); });
  ASSERT_TRUE(port);
  stage_->device(2, "ip link set eth0 down");
  const auto out = wait<PortCarrier>([](const PortCarrier& carrier) { return !carrier.up; });
  ASSERT_TRUE(out);
  EXPECT_EQ(out->port, port->port);
  stage_->device(2, "ip link set eth0 up");
  const auto in = wait<PortCarrier>([](const PortCarrier& carrier) { return carrier.up; });
  ASSERT_TRUE(in);
  EXPECT_EQ(in->port, port->port);
}

TEST_F(Neighbours, tell_a_deleted_entry_and_a_lost_watch) {
  begin();
  ASSERT_TRUE(table_->watch(LanStage::address(1)));
  ASSERT_TRUE(wait_for(1, State::kReachable));
  stage_->rae("ip neigh replace " + LanStage::address(1) + " lladdr " + LanStage::mac(1) +
              " dev br-lan nud stale");
  const auto stale = wait<NeighbourSeen>([](const NeighbourSeen& seen) { return !seen.watched; });
  ASSERT_TRUE(stale);
  EXPECT_EQ(stale->address, LanStage::address(1));
  ASSERT_TRUE(table_->unwatch(LanStage::address(1)));
  EXPECT_TRUE(wait_for(1, State::kDeleted));
}

TEST_F(Neighbours, tell_when_the_bridge_is_up_again) {
  begin();
  ASSERT_TRUE(table_->watch(LanStage::address(1)));
  ASSERT_TRUE(wait_for(1, State::kReachable));
  stage_->rae("ip link set br-lan down");
  EXPECT_TRUE(wait_for(1, State::kDeleted)) << "the kernel forgets watched ones, too";
  stage_->rae("ip link set br-lan up");
  EXPECT_TRUE(wait<LanUp>([](const LanUp&) { return true; }));
}

TEST_F(Neighbours, refuse_an_interface_that_is_not_there) {
  const auto source = NeighbourSource::open("no-such-lan");
  ASSERT_FALSE(source);
  EXPECT_NE(source.error().message.find("'no-such-lan'"), std::string::npos);
}

}  // namespace
}  // namespace dmp::local
