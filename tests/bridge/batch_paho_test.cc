// What cmake/paho/batch.cc makes of TLS records and of acknowledgements.
#include "tests/bridge/batch_paho.h"

#include <thread>
#include <utility>

namespace dmp::bridge {
namespace {

constexpr std::size_t kTogether = 16;  // PUBACKs at most

TEST_F(BatchPaho, acknowledges_together_what_came_together) {
  std::string together;
  for (std::size_t id = 1; id <= 10; ++id) together += publish_of(id, std::to_string(id));
  peer_->send(peer_->sealed(together));
  EXPECT_EQ(peer_->read_record(), pubacks_to(10));
  EXPECT_EQ(payloads().size(), 10U);
}

TEST_F(BatchPaho, holds_no_more_than_a_batch_and_keeps_the_order) {
  constexpr std::size_t kMessages = 100;
  std::string records;
  for (std::size_t id = 1; id <= kMessages; ++id) {
    records += peer_->sealed(publish_of(id, std::to_string(id)));
  }
  peer_->send(records);
  const std::string expected = pubacks_to(kMessages);
  const auto got = acknowledgements(expected.size());
  EXPECT_EQ(joined(got), expected);
  for (const std::string& record : got) EXPECT_LE(record.size(), kTogether * 4);
  EXPECT_EQ(payloads().size(), kMessages);
}

TEST_F(BatchPaho, reads_no_more_while_acknowledgements_are_not_taken_and_loses_none) {
  constexpr std::size_t kMessages = 2000;
  constexpr std::size_t kPerRecord = 100;  // so that much of one is not read yet
  shrink(other_end_of(peer_->fd()), SO_SNDBUF);
  std::string records;
  std::string packets;
  for (std::size_t id = 1; id <= kMessages; ++id) {
    packets += publish_of(id, "x");
    if (id % kPerRecord == 0) records += peer_->sealed(std::exchange(packets, {}));
  }
  const std::jthread sender([&] { peer_->send(records); });
  const std::size_t stopped_at = stops_at();
  EXPECT_GT(stopped_at, 0U);
  EXPECT_LT(stopped_at, kMessages);
  const std::string expected = pubacks_to(kMessages);
  EXPECT_EQ(joined(acknowledgements(expected.size())), expected);
  EXPECT_EQ(payloads().size(), kMessages);
  EXPECT_EQ(source_->poll(), std::nullopt) << "the connection lives";
}

TEST_F(BatchPaho, stops_behind_the_message_that_brings_the_window_to_high_water) {
  std::string together;
  for (std::size_t id = 1; id <= kHigh + 3; ++id) together += publish_of(id, std::to_string(id));
  peer_->send(peer_->sealed(together.substr(0, together.size() - 1)));
  EXPECT_EQ(joined(acknowledgements(4 * kHigh)), pubacks_to(kHigh));
  peer_->send(peer_->sealed(together.substr(together.size() - 1)));
  EXPECT_EQ(stops_at(), kHigh);
  ASSERT_TRUE(source_->publish({std::string(kTopic), "writing goes on", std::chrono::seconds(60)}));
  EXPECT_NE(peer_->read_record().find("writing goes on"), std::string::npos);

  source_->read_on();
  EXPECT_EQ(stops_at(), kHigh) << "it is still high";
  EXPECT_EQ(payloads().size(), kHigh);
  window_.free(kHigh);
  source_->read_on();
  EXPECT_EQ(joined(acknowledgements(4 * 3)),
            puback_of(kHigh + 1) + puback_of(kHigh + 2) + puback_of(kHigh + 3));
  EXPECT_EQ(payloads().size(), 3U);
}

TEST_F(BatchPaho, notices_after_it_that_the_connection_was_lost_while_it_read_nothing) {
  for (std::size_t id = 1; id <= kHigh; ++id) peer_->send(peer_->sealed(publish_of(id, "x")));
  EXPECT_EQ(stops_at(), kHigh);
  peer_.reset();
  EXPECT_EQ(payloads().size(), kHigh);
  window_.free(kHigh);
  source_->read_on();
  wait_for(SourceEvent::Kind::kDown);
  come_up();
}

TEST_F(BatchPaho, is_up_before_the_broker_answers_what_it_asks_for_again) {
  peer_->finish();
  wait_for(SourceEvent::Kind::kDown);
  const std::string subscribe = connect(kConnackKept);
  peer_->send(peer_->sealed(publish_of(1, "it was queued")));
  EXPECT_EQ(peer_->read_record(), puback_of(1));
  ASSERT_TRUE(source_->publish({std::string(kTopic), "meanwhile", std::chrono::seconds(60)}));
  EXPECT_NE(peer_->read_record().find("meanwhile"), std::string::npos);
  peer_->send(peer_->sealed(suback_of(subscribe)));
  wait_for(SourceEvent::Kind::kSubscribed);
}

TEST_F(BatchPaho, leaves_a_broker_that_grants_qos_0_only_and_says_why) {
  constexpr char kGrantedQos0 = 0;
  peer_->finish();
  wait_for(SourceEvent::Kind::kDown);
  const std::string subscribe = connect(kConnackKept);
  peer_->send(peer_->sealed(suback_of(subscribe, kGrantedQos0)));
  const std::string reason = wait_for(SourceEvent::Kind::kDown);
  EXPECT_NE(reason.find("only grants QoS 0"), std::string::npos) << reason;
}

TEST_F(BatchPaho, may_be_left_while_it_leaves_because_a_subscription_was_refused) {
  constexpr char kNotAuthorized = '\x87';
  peer_->finish();
  wait_for(SourceEvent::Kind::kDown);
  const std::string subscribe = connect(kConnackKept);
  ASSERT_TRUE(source_->publish({std::string(kTopic), "unanswered", std::chrono::seconds(60), 1}));
  peer_->read_record();
  peer_->send(peer_->sealed(suback_of(subscribe, kNotAuthorized)));
  const auto deadline = clock_.steady() + std::chrono::seconds(kPatienceS);
  Status sent;
  while ((sent = source_->publish({std::string(kTopic), "still up", std::chrono::seconds(60)})) &&
         clock_.steady() < deadline) {
    EXPECT_EQ(source_->poll(), std::nullopt);
    if (peer_->is_readable()) peer_->read_record();
  }
  ASSERT_FALSE(sent);
  ASSERT_EQ(sent.error().code, "mqtt_down") << "it leaves";
  source_->disconnect();
  wait_for(SourceEvent::Kind::kDown);
}

TEST_F(BatchPaho, leaves_while_it_reads_nothing_and_reads_again_when_it_is_back) {
  for (std::size_t id = 1; id <= kHigh + 3; ++id) peer_->send(peer_->sealed(publish_of(id, "x")));
  EXPECT_EQ(stops_at(), kHigh);
  source_->disconnect();
  wait_for(SourceEvent::Kind::kDown);
  come_up();
  peer_->send(peer_->sealed(publish_of(1, "again")));
  EXPECT_EQ(peer_->read_record(), puback_of(1));
}

TEST_F(BatchPaho, holds_nothing_back_for_a_message_of_which_only_a_part_has_come) {
  std::size_t id = 0;
  for (const std::size_t cut : {1U, 5U, 30U, 80U}) {
    const std::string whole = peer_->sealed(publish_of(++id, "whole"));
    const std::string rest = peer_->sealed(publish_of(++id, "in parts"));
    peer_->send(whole + rest.substr(0, cut));
    EXPECT_EQ(peer_->read_record(), puback_of(id - 1)) << "cut at " << cut;
    peer_->send(rest.substr(cut));
    EXPECT_EQ(peer_->read_record(), puback_of(id)) << "cut at " << cut;
  }
  EXPECT_EQ(payloads().size(), id);
}

// OpenSSL has read it all by then, and the kernel will not tell of it any more.
TEST_F(BatchPaho, waits_for_nothing_that_it_has_read_already) {
  const std::string packet = publish_of(1, std::string(200, 'x'));
  for (const std::size_t cut : {1U, 2U, 3U, 100U}) {
    std::string records = peer_->sealed(kPingresp);
    records += peer_->sealed(packet.substr(0, cut));
    records += peer_->sealed(packet.substr(cut));
    peer_->send(records);
    EXPECT_EQ(peer_->read_record(), puback_of(1)) << "cut at " << cut;
  }
  EXPECT_EQ(payloads().size(), 4U);
}

TEST_F(BatchPaho, loses_nothing_of_what_came_just_before_the_end) {
  std::string records;
  for (std::size_t id = 1; id <= 5; ++id) records += peer_->sealed(publish_of(id, "last words"));
  peer_->send(records);
  peer_->finish();
  wait_for(SourceEvent::Kind::kDown);
  EXPECT_EQ(payloads().size(), 5U);
}

}  // namespace
}  // namespace dmp::bridge
