#include "registry/api/watch/watch_teller.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/metrics.h"

namespace dmp::registry::api {
namespace {

class WatchTellerTest : public testing::Test {
 protected:
  // A client that has everything and waits for more.
  std::shared_ptr<WatchStream> waiting_client() {
    auto stream =
        std::make_shared<WatchStream>(view_, view_->view.start(),
                                      WatchStream::Counters{metrics_.counter("dmp_a_total", "a"),
                                                            metrics_.counter("dmp_b_total", "b")});
    const std::size_t number = woken_.size();
    woken_.push_back(0);
    std::string piece(4096, '\0');
    const auto wake = [this, number] {
      ++woken_[number];
      order_.push_back(number);
    };
    while (stream->take(piece.data(), piece.size(), wake).bytes > 0) continue;
    return stream;
  }

  Metrics metrics_;
  const std::shared_ptr<SharedView> view_ = std::make_shared<SharedView>();
  std::vector<int> woken_;          // how often, by client
  std::vector<std::size_t> order_;  // whom
  WatchTeller teller_;
  SteadyTime now_ = SteadyTime() + std::chrono::hours(1);
};

TEST_F(WatchTellerTest, tells_a_few_at_a_time_those_who_have_waited_longest_first) {
  for (std::size_t i = 0; i < WatchTeller::kAtOnce + 1; ++i) teller_.add(waiting_client());
  EXPECT_LE(teller_.next(), now_);
  teller_.tell(teller_.next());
  ASSERT_EQ(order_.size(), WatchTeller::kAtOnce);
  EXPECT_TRUE(std::is_sorted(order_.begin(), order_.end()));
  EXPECT_EQ(teller_.next(), SteadyTime() + WatchTeller::kPause);
  teller_.tell(teller_.next());
  EXPECT_EQ(order_.back(), WatchTeller::kAtOnce);
  EXPECT_EQ(teller_.next(), SteadyTime::max()) << "nobody waits";
}

TEST_F(WatchTellerTest, makes_up_for_a_long_pause_within_bounds) {
  for (std::size_t i = 0; i < 2 * WatchTeller::kAtOnceMax; ++i) teller_.add(waiting_client());
  teller_.tell(now_);
  EXPECT_EQ(order_.size(), WatchTeller::kAtOnceMax) << "after an hour";
  order_.clear();
  teller_.tell(teller_.next() + WatchTeller::kPause);
  EXPECT_EQ(order_.size(), 2 * WatchTeller::kAtOnce);
}

TEST_F(WatchTellerTest, tells_once_whoever_is_added_again_meanwhile) {
  const auto client = waiting_client();
  teller_.add(client);
  teller_.add(client);
  EXPECT_EQ(teller_.waiting(), 1u);
  teller_.tell(now_);
  EXPECT_EQ(woken_.front(), 1);
  teller_.add(client);
  EXPECT_EQ(teller_.waiting(), 1u) << "of the next change";
}

}  // namespace
}  // namespace dmp::registry::api
