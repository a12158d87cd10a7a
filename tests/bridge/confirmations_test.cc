#include "bridge/core/confirmations.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "schema/codec.h"

namespace dmp::bridge {
namespace {

using std::chrono::milliseconds;

const SteadyTime kStart{std::chrono::hours(1)};

Asker asker(const std::string& rae, const std::string& correlation) {
  return {*RaeSerial::parse(rae), correlation};
}

TEST(Confirmations, of_one_rae_travel_together_after_at_most_fifty_milliseconds) {
  Confirmations confirmations;
  confirmations.stored(asker("rae-1", "1"), kStart);
  confirmations.stored(asker("rae-1", "2"), kStart + milliseconds(49));
  confirmations.refused(asker("rae-1", "3"), "too_large", kStart + milliseconds(49));
  EXPECT_EQ(confirmations.next_due(), kStart + milliseconds(50));
  EXPECT_TRUE(confirmations.take_due(kStart + milliseconds(49)).empty());
  const auto due = confirmations.take_due(kStart + milliseconds(50));
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].rae.str(), "rae-1");
  EXPECT_EQ(due[0].confirm.stored, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(due[0].confirm.refused, (std::vector<Refusal>{{"3", "too_large"}}));
  EXPECT_EQ(confirmations.pending(), 0U);
  EXPECT_FALSE(confirmations.next_due());
}

TEST(Confirmations, of_different_raes_never_share_a_message) {
  Confirmations confirmations;
  confirmations.stored(asker("rae-1", "1"), kStart);
  confirmations.stored(asker("rae-2", "2"), kStart + milliseconds(30));
  const auto first = confirmations.take_due(kStart + milliseconds(50));
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].rae.str(), "rae-1");
  EXPECT_EQ(confirmations.take_due(kStart + milliseconds(80)).size(), 1U);
}

TEST(Confirmations, that_are_due_soon_leave_with_one_that_is_due_now) {
  Confirmations confirmations;
  confirmations.stored(asker("rae-1", "1"), kStart);
  confirmations.stored(asker("rae-2", "2"), kStart + Confirmations::kCompany);
  confirmations.stored(asker("rae-3", "3"), kStart + Confirmations::kCompany + milliseconds(1));
  EXPECT_TRUE(confirmations.take_due(kStart + milliseconds(49)).empty());
  EXPECT_EQ(confirmations.take_due(kStart + milliseconds(50)).size(), 2U);
  EXPECT_EQ(confirmations.next_due(), kStart + Confirmations::kCompany + milliseconds(51));
}

TEST(Confirmations, leave_at_once_when_a_message_is_full_and_it_fits_the_contract) {
  Confirmations confirmations;
  for (std::size_t i = 0; i < Confirmations::kPerMessage; ++i) {
    confirmations.refused(asker("rae-1", std::string(32, 'c')), "foreign_response_topic", kStart);
  }
  const auto due = confirmations.take_due(kStart);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_LE(encode(due[0].confirm).size(), Limits::kMessageBytes);
}

TEST(Confirmations, that_find_no_room_are_counted) {
  Confirmations confirmations;
  for (std::size_t i = 0; i <= Confirmations::kPerMessage; ++i) {
    confirmations.stored(asker("rae-1", "1"), kStart);
  }
  EXPECT_EQ(confirmations.dropped(), 1U);
  for (std::size_t i = 0; i < Confirmations::kTotal; ++i) {
    confirmations.stored(asker("r" + std::to_string(i), "1"), kStart);
  }
  EXPECT_EQ(confirmations.pending(), Confirmations::kTotal);
  EXPECT_EQ(confirmations.dropped(), 1 + Confirmations::kPerMessage);
}

TEST(Confirmations, leave_all_together_at_the_end) {
  Confirmations confirmations;
  confirmations.stored(asker("rae-1", "1"), kStart);
  confirmations.stored(asker("rae-2", "1"), kStart);
  EXPECT_EQ(confirmations.take_due(kStart, true).size(), 2U);
}

}  // namespace
}  // namespace dmp::bridge
