#include <gtest/gtest.h>

#include "registry/adapters/kafka_fatal.h"
#include "registry/adapters/kafka_statistics.h"
#include "schema/topics.h"

namespace dmp::registry {
namespace {

constexpr const char* kStatistics = R"({"rxmsgs":700,"rxmsg_bytes":90000,
  "brokers":{
    "b:1/1":{"source":"learned","state":"UP","txbytes":5000,"req":{"Fetch":30,"ListOffsets":2}},
    "b:2/2":{"source":"learned","state":"DOWN","txbytes":10,"req":{"Fetch":5}},
    "GroupCoordinator":{"source":"logical","state":"UP","txbytes":420,"req":{"Heartbeat":6}}},
  "topics":{
    "dmp.agents":{"partitions":{
      "0":{"partition":0,"fetchq_cnt":7,"fetchq_size":1400,"fetch_state":"active"},
      "1":{"partition":1,"fetchq_cnt":0,"fetchq_size":0,"fetch_state":"none"},
      "-1":{"partition":-1,"fetchq_cnt":0,"fetchq_size":0,"fetch_state":"none"}}},
    "other":{"partitions":{"0":{"partition":0,"fetchq_cnt":9,"fetch_state":"active"}}}}})";

TEST(Statistics, say_what_was_fetched_and_what_waits_in_our_queues) {
  const auto flow = parse_statistics(kStatistics, {kafka::kDeviceUpdates, kafka::kAgents});
  ASSERT_TRUE(flow);
  EXPECT_EQ(flow->records, 700);
  EXPECT_EQ(flow->bytes, 90000);
  EXPECT_EQ(flow->fetches, 35);
  EXPECT_EQ(flow->coordinator_bytes, 420);
  EXPECT_TRUE(flow->any_broker);
  EXPECT_EQ(flow->queues, (std::vector<QueueDepth>{{{kafka::kAgents, 0}, 7, 1400}}));
}

TEST(Statistics, notes_of_the_library_in_a_queue_are_no_records) {
  const auto flow = parse_statistics(R"({"topics":{"dmp.agents":{"partitions":{
      "0":{"partition":0,"fetchq_cnt":2,"fetchq_size":0,"fetch_state":"active"}}}}})",
                                     {kafka::kAgents});
  ASSERT_TRUE(flow);
  EXPECT_EQ(flow->queues, (std::vector<QueueDepth>{{{kafka::kAgents, 0}, 0, 0}}));
}

TEST(Statistics, without_a_broker_that_answers_say_so) {
  const auto flow = parse_statistics(R"({"brokers":{"b:1/1":{"state":"DOWN"}}})", {});
  ASSERT_TRUE(flow);
  EXPECT_FALSE(flow->any_broker);
}

TEST(FatalErrors, of_a_fenced_member_name_the_setting_and_the_way_out) {
  const std::string text = text_of_fatal(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "fenced", "cloud-1");
  for (const char* part : {"kafka-instance", "'cloud-1'", "give each one of its own", "fenced"}) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }
  EXPECT_EQ(text_of_fatal(RD_KAFKA_RESP_ERR__FATAL, "other", "cloud-1"), "other");
}

TEST(Statistics, of_another_shape_are_an_error_or_nothing) {
  EXPECT_FALSE(parse_statistics("{", {}));
  EXPECT_EQ(parse_statistics("[1]", {kafka::kAgents}).value(), Flow{});
  EXPECT_EQ(
      parse_statistics(R"({"rxmsgs":"7","brokers":[3],"topics":0})", {kafka::kAgents}).value(),
      Flow{});
}

}  // namespace
}  // namespace dmp::registry
