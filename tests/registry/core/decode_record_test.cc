#include "registry/core/decode_record.h"

#include <gtest/gtest.h>

#include "tests/registry/messages.h"

namespace dmp::registry {
namespace {

const RaeSerial kRae = rae_named("rae-1");
constexpr std::int64_t kNow = 1'700'000'000'000'000;

Record update_at(std::int64_t stamp) {
  Facets facets;
  facets.software = software_at(stamp, "1");
  return update_record(kRae, 1, change_at(stamp, facets));
}

TEST(DecodeRecord, reads_what_each_topic_carries) {
  EXPECT_TRUE(std::holds_alternative<UpdateNews>(*decode_record(update_at(kNow))));
  const auto presence = decode_record(presence_record(kRae, kNow, AgentStatus::kOffline, kNow + 7));
  ASSERT_TRUE(presence);
  const auto& said = std::get<PresenceNews>(*presence);
  EXPECT_EQ(said.presence.status, AgentStatus::kOffline);
  EXPECT_EQ(said.received_at.us, kNow + 7);
  EXPECT_EQ(said.bridge, "bridge-1");
  const auto roster =
      decode_record(record_of(agent_topic(kRae, TopicKind::kRoster),
                              encode(Roster{{kNow}, {session_number(4)}}), kafka::kAgents, kNow));
  ASSERT_TRUE(roster);
  EXPECT_EQ(std::get<RosterNews>(*roster).roster.sessions.size(), 1U);
  const auto heartbeat = decode_record(
      record_of("bridge/b", encode(BridgeHeartbeat{{kNow}, "b"}), kafka::kAgents, kNow));
  ASSERT_TRUE(heartbeat);
  EXPECT_EQ(std::get<HeartbeatNews>(*heartbeat).heartbeat.bridge, "b");
}

TEST(DecodeRecord, says_why_a_record_belongs_in_dead_letters) {
  const std::string update_key = device_topic(kRae, session_number(1), TopicKind::kUpdate);
  const std::string good = update_at(kNow).value;
  struct Case {
    const char* code;
    Record record;
  };
  const Case cases[] = {
      {"bad_topic", record_of("nonsense", good, kafka::kDeviceUpdates, kNow)},
      {"bad_topic", record_of("", good, kafka::kAgents, kNow)},
      {"not_json", record_of(update_key, "{", kafka::kDeviceUpdates, kNow)},
      {"not_json", record_of(update_key, "", kafka::kDeviceUpdates, kNow)},
      {"wrong_topic",
       record_of(agent_topic(kRae, TopicKind::kRoster), good, kafka::kDeviceUpdates, kNow)},
      {"wrong_topic", record_of(update_key, good, kafka::kAgents, kNow)},
      {"bad_topic", record_of("bridge/b", good, kafka::kDeviceUpdates, kNow)},
      {"wrong_address",
       record_of("bridge/other", encode(BridgeHeartbeat{{kNow}, "b"}), kafka::kAgents, kNow)},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.record.key + " " + c.code);
    const auto news = decode_record(c.record);
    ASSERT_FALSE(news);
    EXPECT_EQ(news.error().code, c.code);
  }
}

TEST(DecodeRecord, refuses_a_clock_more_than_an_hour_ahead_of_its_reception) {
  constexpr std::int64_t kHour = 3'600'000'000;
  for (const auto& [ahead, good] : {std::pair{kHour, true}, std::pair{kHour + 1, false}}) {
    SCOPED_TRACE(ahead);
    Record update = update_at(kNow + ahead);
    update.headers[0].value = std::to_string(kNow);
    const Record presence = presence_record(kRae, kNow + ahead, AgentStatus::kOnline, kNow);
    const Record roster = record_of(agent_topic(kRae, TopicKind::kRoster),
                                    encode(Roster{{kNow + ahead}, {}}), kafka::kAgents, kNow);
    for (const Record& record : {update, presence, roster}) {
      const auto news = decode_record(record);
      EXPECT_EQ(news.has_value(), good);
      EXPECT_EQ(news ? "" : news.error().code, good ? "" : "clock_ahead");
    }
  }
}

TEST(DecodeRecord, tells_a_rae_that_is_ahead_from_a_bridge_that_is_behind) {
  constexpr std::int64_t kHour = 3'600'000'000;
  Record record = update_at(kNow);
  record.headers[0].value = std::to_string(kNow - kHour - 1);
  EXPECT_EQ(decode_record(record, {kNow}).error().code, "bridge_clock_behind");
  EXPECT_EQ(decode_record(record, {kNow - kHour}).error().code, "bridge_clock_behind");
  EXPECT_EQ(decode_record(record, {kNow - kHour - 1}).error().code, "clock_ahead");
}

TEST(DecodeRecord, a_record_without_the_bridges_header_counts_from_its_kafka_timestamp) {
  Record record = update_at(kNow);
  record.headers.clear();
  record.timestamp_ms = kNow / 1000 + 5;
  const auto news = decode_record(record);
  ASSERT_TRUE(news);
  EXPECT_EQ(std::get<UpdateNews>(*news).received_at.us, (kNow / 1000 + 5) * 1000);
  record.headers = {{std::string(kafka::kReceivedAt), "12x"}};
  ASSERT_FALSE(decode_record(record));
  EXPECT_EQ(decode_record(record).error().code, "bad_header");
}

TEST(DecodeRecord, the_history_keeps_facets_as_received_even_fields_not_known_yet) {
  Record record = update_at(kNow);
  const std::string facets =
      R"( { "software" : {"timestamp":1,"new":[1,{"x":"}\"{"}]} , "later":{}})";
  record.value =
      R"({"schema":1,"kind":"change","timestamp":5, "facets":)" + facets + R"(,"z":"}"})";
  const auto news = decode_record(record);
  ASSERT_TRUE(news) << news.error().message;
  EXPECT_EQ(std::get<UpdateNews>(*news).facets, facets.substr(1));
}

}  // namespace
}  // namespace dmp::registry
