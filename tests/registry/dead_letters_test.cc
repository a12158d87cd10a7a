// KafkaDeadLetters on emulated brokers, and on a real Kafka with DMP_TEST_KAFKA.
#include <gtest/gtest.h>

#include "registry/adapters/kafka_dead_letters.h"
#include "tests/fixtures/kafka.h"

namespace dmp::registry {
namespace {

TEST(DeadLetters, are_kept_again_after_kafka_has_refused_some) {
  test::TestKafka kafka;
  if (!kafka.is_emulated()) GTEST_SKIP() << "a real Kafka refuses nothing on demand";
  kafka.create_topic("dmp.dead-letters", 1);
  const auto letters = *KafkaDeadLetters::make(kafka.brokers());
  DeadLetter letter{.record = {}, .code = "bad_topic", .reason = "why", .sqlstate = {}};
  letter.record.value = "refused";
  kafka.refuse_next_batch();
  ASSERT_FALSE(letters->put({letter}));
  letter.record.value = "kept";
  const auto kept = letters->put({letter});
  ASSERT_TRUE(kept) << kept.error().message;
  const auto records = kafka.records("dmp.dead-letters", 1);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].value, "kept");
}

}  // namespace
}  // namespace dmp::registry
