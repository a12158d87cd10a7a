#include "bridge/core/outstanding.h"

#include <gtest/gtest.h>

namespace dmp::bridge {
namespace {

TEST(Outstanding, counts_calls_without_an_answer) {
  Outstanding calls;
  calls.begin(1);
  const auto first = calls.add();
  const auto second = calls.add();
  EXPECT_EQ(calls.count(), 2);
  calls.done(first);
  EXPECT_EQ(calls.count(), 1);
  calls.done(second);
  EXPECT_EQ(calls.count(), 0);
}

TEST(Outstanding, answers_to_an_earlier_connection_are_history) {
  Outstanding calls;
  calls.begin(1);
  const auto old = calls.add();
  calls.begin(2);
  EXPECT_EQ(calls.count(), 0);
  const auto present = calls.add();
  calls.done(old);
  EXPECT_EQ(calls.count(), 1);
  calls.done(present);
  EXPECT_EQ(calls.count(), 0);
}

}  // namespace
}  // namespace dmp::bridge
