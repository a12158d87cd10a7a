#include "base/backoff.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dmp {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, doubles_up_to_its_limit) {
  Backoff backoff({.first = milliseconds(100), .most = milliseconds(450), .jitter_percent = 0}, 1);
  EXPECT_EQ(backoff.next(), milliseconds(100));
  EXPECT_EQ(backoff.next(), milliseconds(200));
  EXPECT_EQ(backoff.next(), milliseconds(400));
  EXPECT_EQ(backoff.next(), milliseconds(450));
  EXPECT_EQ(backoff.next(), milliseconds(450));
}

TEST(Backoff, starts_again_after_a_success) {
  Backoff backoff({.first = milliseconds(100), .most = milliseconds(800), .jitter_percent = 0}, 1);
  (void)backoff.next();
  (void)backoff.next();
  backoff.reset();
  EXPECT_EQ(backoff.failures(), 0);
  EXPECT_EQ(backoff.next(), milliseconds(100));
}

TEST(Backoff, stays_within_its_jitter_for_every_seed) {
  EXPECT_TRUE(rc::check("delay is within ±20 % of the plain one", [](std::uint64_t seed) {
    Backoff backoff({.first = milliseconds(1000), .most = milliseconds(30000)}, seed);
    for (const int plain : {1000, 2000, 4000, 8000, 16000, 30000, 30000}) {
      const auto delay = backoff.next().count();
      RC_ASSERT(delay >= plain * 8 / 10);
      RC_ASSERT(delay <= plain * 12 / 10);
    }
  }));
}

}  // namespace
}  // namespace dmp
