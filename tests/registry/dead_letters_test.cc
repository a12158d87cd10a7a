// KafkaDeadLetters on emulated brokers.
#include <gtest/gtest.h>

#include "registry/adapters/kafka_dead_letters.h"
#include "tests/fixtures/kafka.h"

namespace dmp::registry {
namespace {

TEST(DeadLetters, are_kept_again_after_kafka_has_refused_some) {
  test::TestKafka kafka;
  kafka.create_topic("dmp.dead-letters", 1);
  const auto letters = *KafkaDeadLetters::make(kafka.brokers());
  DeadLetter letter{.record = {}, .code = "bad_topic", .reason = "why", .sqlstate = {}};
  letter.record.value = "refused";
  kafka.refuse_next_batch();
  ASSERT_FALSE(letters->put({letter}));
  letter.record.value = "kept";
  const auto kept = letters->put({letter});
  ASSERT_TRUE(kept) << kept.error().message;
  const auto records = kafka.records("dmp.dead-letters");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].value, "kept");
}

TEST(DeadLetters, keep_the_beginning_of_a_record_that_is_as_large_as_kafka_takes) {
  test::TestKafka kafka;
  kafka.create_topic("dmp.dead-letters", 1);
  const auto letters = *KafkaDeadLetters::make(kafka.brokers());
  DeadLetter letter{.record = {}, .code = "too_large", .reason = "why", .sqlstate = {}};
  letter.record.key = "large";
  letter.record.value.assign(1'048'000, 'x');
  letter.record.headers = {{"first", "kept"}, {"second", std::string(100'000, 'y')}};
  const auto kept = letters->put({letter});
  ASSERT_TRUE(kept) << kept.error().message;
  const auto records = kafka.records("dmp.dead-letters");
  ASSERT_EQ(records.size(), 1U);
  const auto found = records.begin();
  EXPECT_EQ(found->value, std::string(256 * 1024, 'x'));
  EXPECT_EQ(found->header("dmp-payload-bytes"), "1048000");
  EXPECT_EQ(found->header("first"), "kept");
  EXPECT_EQ(found->header("second"), "");
  EXPECT_EQ(found->header("dmp-reason-code"), "too_large");
}

}  // namespace
}  // namespace dmp::registry
