#include "canary/core/voice.h"

#include <gtest/gtest.h>

#include "schema/codec.h"

namespace dmp::canary {
namespace {

constexpr std::int64_t kNow = 1'795'000'000'000'000;

TEST(Voice, speaks_messages_of_the_contract) {
  Voice voice("r1", 7, {});
  EXPECT_EQ(voice.rae().str(), "canary-r1-7");
  EXPECT_TRUE(voice.rae().is_canary());
  const auto presence =
      decode_agent_presence(voice.presence(voice.stamp(kNow), AgentStatus::kOnline), voice.rae());
  ASSERT_TRUE(presence);
  EXPECT_EQ(presence->timestamp, (Timestamp{kNow}));
  const Timestamp stamp = voice.stamp(kNow);
  EXPECT_EQ(stamp, (Timestamp{kNow + 1}));
  const auto update = decode_update(voice.update(stamp, kNow), voice.rae(), voice.session());
  ASSERT_TRUE(update) << update.error().message;
  EXPECT_EQ(update->timestamp, stamp);
  EXPECT_EQ(due_of(update->facets.software->fields.app_version), kNow);
}

TEST(Voice, says_once_what_the_device_is) {
  Voice voice("r1", 7, {});
  const Timestamp first = voice.stamp(kNow);
  (void)voice.update(first, kNow);
  const auto later =
      decode_update(voice.update(voice.stamp(kNow + 9), kNow + 9), voice.rae(), voice.session());
  ASSERT_TRUE(later);
  EXPECT_EQ(later->facets.identity->timestamp, first);
  EXPECT_EQ(later->facets.software->timestamp, (Timestamp{kNow + 9}));
}

TEST(Voice, of_two_clients_or_two_runs_has_sessions_of_its_own) {
  EXPECT_NE(Voice("r1", 7, {}).session(), Voice("r1", 8, {}).session());
  EXPECT_NE(Voice("r1", 7, {}).session(), Voice("r2", 7, {}).session());
  EXPECT_EQ(Voice("r1", 7, {}).session(), Voice("r1", 7, {}).session());
}

TEST(Padding, brings_updates_to_about_the_size_asked_for) {
  for (const std::size_t bytes : {930U, 1500U, 5000U}) {
    Voice voice("run", 5, padding_for(bytes));
    const std::string update = voice.update(voice.stamp(kNow), kNow);
    EXPECT_NEAR(static_cast<double>(update.size()), static_cast<double>(bytes), 80);
    EXPECT_TRUE(decode_update(update, voice.rae(), voice.session()));
  }
}

TEST(Padding, stays_within_the_limits_of_a_message) {
  Voice voice("run", 5, padding_for(60'000));
  const std::string update = voice.update(voice.stamp(kNow), kNow);
  EXPECT_TRUE(decode_update(update, voice.rae(), voice.session()));
}

TEST(RunName, is_what_leaves_the_serial_a_serial) {
  EXPECT_TRUE(is_run_name("a1b2"));
  for (const char* name : {"", "A", "a-b", "a/b", "a+", "123456789012345678901"}) {
    EXPECT_FALSE(is_run_name(name)) << name;
  }
}

TEST(DueOf, takes_only_the_canarys_own) {
  EXPECT_EQ(due_of("t=17"), 17);
  for (const char* text : {"", "t=", "t=17x", "6.1", "t=-"}) EXPECT_EQ(due_of(text), 0) << text;
}

TEST(RunName, of_two_runs_in_the_same_second_differs_and_rises_with_time) {
  constexpr std::int64_t kBegan = 1'795'347'961'000'000;
  const std::string name = run_name(kBegan, 5);
  EXPECT_NE(name, run_name(kBegan, 6));
  EXPECT_TRUE(is_run_name(name)) << name;
  EXPECT_EQ(name.size(), 11U);
  EXPECT_LT(run_name(kBegan, ~std::uint64_t{0}), run_name(kBegan + 1'000'000, 0));
}

}  // namespace
}  // namespace dmp::canary
