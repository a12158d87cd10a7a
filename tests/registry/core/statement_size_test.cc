#include "registry/core/statement_size.h"

#include <gtest/gtest.h>

namespace dmp::registry {
namespace {

TEST(StatementSize, is_all_of_a_batch_at_first) { EXPECT_EQ(StatementSize(1000).records(), 1000U); }

TEST(StatementSize, is_half_of_what_took_too_long_but_never_nothing) {
  StatementSize size(1000);
  size.took_too_long(1000);
  EXPECT_EQ(size.records(), 500U);
  size.took_too_long(300);  // the end of a batch
  EXPECT_EQ(size.records(), 150U);
  size.took_too_long(1);
  EXPECT_EQ(size.records(), 1U);
}

TEST(StatementSize, comes_back_by_tenths) {
  StatementSize size(1000);
  size.took_too_long(1);
  int stored = 0;
  for (; size.records() < 1000; ++stored) size.stored();
  EXPECT_LT(stored, 100);
  size.stored();
  EXPECT_EQ(size.records(), 1000U);
  size.took_too_long(1000);
  size.stored();
  EXPECT_EQ(size.records(), 550U);
}

}  // namespace
}  // namespace dmp::registry
