#include "canary/core/ledger.h"

#include <gtest/gtest.h>

namespace dmp::canary {
namespace {

using Word = Ledger::Word;
using std::chrono::milliseconds;

TEST(Ledger, knows_when_an_acknowledged_and_confirmed_update_was_due) {
  Ledger ledger;
  ledger.sent({10}, 1, milliseconds(5));
  EXPECT_EQ(ledger.acknowledged(1, true), milliseconds(5));
  const auto confirmation = ledger.confirmed({10});
  EXPECT_EQ(confirmation.word, Word::kFirst);
  EXPECT_EQ(confirmation.due, milliseconds(5));
  EXPECT_EQ(ledger.unconfirmed(), 0);
}

TEST(Ledger, tells_a_second_a_late_and_a_strange_confirmation) {
  Ledger ledger;
  ledger.sent({10}, 1, Micros(0));
  ledger.sent({20}, 2, Micros(0));
  EXPECT_EQ(ledger.confirmed({20}).word, Word::kFirst);
  EXPECT_EQ(ledger.confirmed({10}).word, Word::kLate);
  EXPECT_EQ(ledger.confirmed({10}).word, Word::kAgain);
  EXPECT_EQ(ledger.confirmed({30}).word, Word::kUnknown);
  EXPECT_EQ(ledger.confirmed({}).word, Word::kUnknown);
  EXPECT_EQ(ledger.last_confirmed(), (Timestamp{20}));
}

TEST(Ledger, has_no_room_beyond_what_a_broker_takes_without_acknowledging) {
  Ledger ledger;
  for (int id = 1; id <= Ledger::kUnacknowledgedMax; ++id) {
    ASSERT_TRUE(ledger.has_room());
    ledger.sent({id}, id, Micros(0));
  }
  EXPECT_FALSE(ledger.has_room());
  ledger.acknowledged(1, true);
  EXPECT_TRUE(ledger.has_room());
}

TEST(Ledger, has_no_room_beyond_what_may_be_unconfirmed) {
  Ledger ledger;
  for (int id = 1; id <= static_cast<int>(Ledger::kOpenMax); ++id) {
    ASSERT_TRUE(ledger.has_room());
    ledger.sent({id}, id, Micros(0));
    ledger.acknowledged(id, true);
  }
  EXPECT_FALSE(ledger.has_room());
  ledger.confirmed({1});
  EXPECT_TRUE(ledger.has_room());
}

TEST(Ledger, counts_as_lost_what_nobody_subscribed_to_took) {
  Ledger ledger;
  ledger.sent({10}, 1, Micros(0));
  EXPECT_TRUE(ledger.acknowledged(1, false));
  EXPECT_EQ(ledger.unconfirmed(), 1);
}

TEST(Ledger, does_not_take_another_messages_acknowledgement_for_its_own) {
  Ledger ledger;
  ledger.sent({10}, 1, Micros(0));
  EXPECT_EQ(ledger.acknowledged(7, true), std::nullopt);
  EXPECT_TRUE(ledger.acknowledged(1, true));
  EXPECT_EQ(ledger.acknowledged(1, true), std::nullopt);
  EXPECT_EQ(ledger.unacknowledged(), 0);
}

TEST(Ledger, keeps_an_identifier_used_again_apart) {
  Ledger ledger;
  ledger.sent({10}, 1, milliseconds(1));
  ledger.acknowledged(1, true);
  ledger.sent({20}, 1, milliseconds(2));
  EXPECT_EQ(ledger.acknowledged(1, true), milliseconds(2));
}

TEST(Ledger, forgets_what_went_to_dead_letters) {
  Ledger ledger;
  ledger.sent({10}, 1, Micros(0));
  EXPECT_TRUE(ledger.refused({10}));
  EXPECT_FALSE(ledger.refused({10}));
  EXPECT_EQ(ledger.unconfirmed(), 0);
  EXPECT_EQ(ledger.unacknowledged(), 0);
}

}  // namespace
}  // namespace dmp::canary
