#include "bridge/core/record.h"

#include <string>

#include <gtest/gtest.h>

#include "schema/topics.h"

namespace dmp::bridge {
namespace {

const std::string kTopic = "dmp/v1/rae-1/0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11/update";

std::string header(const Record& record, std::string_view name) {
  for (const Header& each : record.headers) {
    if (each.name == name) return std::string(each.value);
  }
  return "(none)";
}

TEST(Record, carries_the_payload_byte_for_byte_under_the_mqtt_topic) {
  RecordBuilder builder("bridge-1");
  const std::string payload("{\"a\":\0\xff}", 9);
  Message message;
  message.topic = kTopic;
  message.payload = payload;
  const Record& record = builder.record(bounded(message), "dmp.device-updates");
  EXPECT_EQ(record.topic, "dmp.device-updates");
  EXPECT_EQ(record.key, kTopic);
  EXPECT_EQ(record.payload, payload);
  EXPECT_EQ(record.payload.data(), payload.data()) << "copied";
}

TEST(Record, carries_user_properties_content_type_and_where_it_came_in) {
  RecordBuilder builder("bridge-1");
  PropertyPack pack;
  pack.add("trace", "abc");
  Message message;
  message.topic = kTopic;
  message.content_type = "application/json";
  message.properties = pack.packed();
  message.received_at = 1'700'000'000'000'001;
  const Record& record = builder.record(bounded(message), "dmp.device-updates");
  ASSERT_EQ(record.headers.size(), 4U);
  EXPECT_EQ(header(record, "trace"), "abc");
  EXPECT_EQ(header(record, kafka::kContentType), "application/json");
  EXPECT_EQ(header(record, kafka::kReceivedAt), "1700000000000001");
  EXPECT_EQ(header(record, kafka::kBridge), "bridge-1");
}

TEST(Record, of_a_dead_letter_says_why_by_whom_and_where_from) {
  RecordBuilder builder("bridge-1");
  Message message;
  message.topic = kTopic;
  message.payload = "garbage";
  const Record& record =
      builder.dead_letter(bounded(message), {"bad_topic", "topic 'x': no", Retry::kNo});
  EXPECT_EQ(record.topic, kafka::kDeadLetters);
  EXPECT_EQ(record.key, kTopic);
  EXPECT_EQ(record.payload, "garbage");
  EXPECT_EQ(header(record, kafka::kReasonCode), "bad_topic");
  EXPECT_EQ(header(record, kafka::kReason), "topic 'x': no");
  EXPECT_EQ(header(record, kafka::kRefusedBy), "bridge");
  EXPECT_EQ(header(record, kafka::kSourceTopic), kTopic);
  EXPECT_EQ(header(record, kafka::kPayloadBytes), "(none)");
}

TEST(Record, of_a_cut_dead_letter_says_how_large_the_payload_was) {
  RecordBuilder builder("bridge-1");
  const std::string payload(100'000, 'x');
  Message message;
  message.topic = kTopic;
  message.payload = payload;
  const Record& record = builder.dead_letter(bounded(message), {"too_large", "no", Retry::kNo});
  EXPECT_EQ(record.payload.size(), MessageLimits::kPayloadBytes);
  EXPECT_EQ(header(record, kafka::kPayloadBytes), "100000");
}

TEST(Record, of_a_heartbeat_stands_under_the_bridges_own_key) {
  RecordBuilder builder("bridge-1");
  const Record& record = builder.heartbeat("{}", 5);
  EXPECT_EQ(record.topic, kafka::kAgents);
  EXPECT_EQ(record.key, "bridge/bridge-1");
  EXPECT_EQ(header(record, kafka::kReceivedAt), "5");
}

}  // namespace
}  // namespace dmp::bridge
