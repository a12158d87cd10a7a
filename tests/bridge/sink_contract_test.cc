// The contract of every Sink: the fake, librdkafka against an emulated Kafka, and librdkafka
// against the real Kafka named by DMP_TEST_KAFKA.
#include <array>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include "bridge/adapters/kafka_handles.h"
#include "bridge/adapters/kafka_sink.h"
#include "bridge/wake.h"
#include "tests/bridge/fakes.h"
#include "tests/fixtures/emulated_kafka.h"
#include "tests/fixtures/kafka_client.h"
#include "tests/fixtures/kafka_topics.h"

namespace dmp::bridge {
namespace {

constexpr std::size_t kPayloadBytesMax = 20'000;
constexpr std::uint64_t kQueued = 50;
constexpr std::chrono::seconds kPatience{30};

std::string unique_topic() {
  std::random_device random;
  return "test-" + std::to_string(random()) + std::to_string(random());
}

// A sink with what its test needs of the other side.
class Bench {
 public:
  virtual ~Bench() = default;
  virtual Sink& sink() = 0;
  virtual std::vector<test::KafkaRecord> stored(std::size_t count) = 0;
  // Waits until the sink may have something to report.
  virtual void wait() = 0;
  std::string topic = unique_topic();
  std::string other_topic = unique_topic();
  std::function<void(bool down)> set_down;  // none if the Kafka is not ours to stop
};

class FakeBench final : public Bench {
 public:
  FakeBench() {
    sink_.payload_bytes_max[topic] = kPayloadBytesMax;
    sink_.pending_max = kQueued;
    set_down = [this](bool down) { sink_.set_down(down); };
  }
  Sink& sink() override { return sink_; }
  std::vector<test::KafkaRecord> stored(std::size_t) override { return sink_.stored; }
  void wait() override {}

 private:
  FakeSink sink_;
};

class KafkaBench : public Bench {
 public:
  explicit KafkaBench(std::string brokers)
      : brokers_(std::move(brokers)),
        sink_({.brokers = brokers_,
               .client_id = "test",
               .ready_fd = wake_.fd(),
               .queued_messages_max = kQueued,
               .properties = {{"message.max.bytes", std::to_string(kPayloadBytesMax)},
                              {"batch.size", std::to_string(kPayloadBytesMax)}}}) {}
  Sink& sink() override { return sink_; }
  std::vector<test::KafkaRecord> stored(std::size_t count) override {
    return test::read_topic(brokers_, topic, count);
  }
  void wait() override {
    const auto now = std::chrono::steady_clock::now();
    wake_.wait_until(now + std::chrono::seconds(1), now);
  }

 private:
  const std::string brokers_;
  Wake wake_;
  KafkaSink sink_;
};

class EmulatedBench final : private test::EmulatedKafka, public KafkaBench {
 public:
  EmulatedBench() : KafkaBench(EmulatedKafka::brokers()) {
    EmulatedKafka::create_topic(topic, 4);
    EmulatedKafka::create_topic(other_topic, 4);
    KafkaBench::set_down = [this](bool down) { EmulatedKafka::set_down(down); };
  }
  using EmulatedKafka::brokers;
  using EmulatedKafka::fail;
};

// Null if there is no such broker here.
std::unique_ptr<Bench> make_bench(const std::string& kind) {
  if (kind == "Fake") return std::make_unique<FakeBench>();
  if (kind == "MockCluster") return std::make_unique<EmulatedBench>();
  const char* brokers = std::getenv("DMP_TEST_KAFKA");
  if (brokers == nullptr) return nullptr;
  auto bench = std::make_unique<KafkaBench>(brokers);
  test::create_topic(brokers, bench->topic, 4);
  test::create_topic(brokers, bench->other_topic, 4);
  return bench;
}

// By ticket; no rejection: stored.
using Reports = std::map<std::uint64_t, std::optional<Error>>;

// What comes until `done` of it or time is up.
Reports hear(Bench& bench, const std::function<bool(const Reports&)>& done) {
  Reports all;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    for (const Delivery& each : bench.sink().poll()) {
      EXPECT_TRUE(all.emplace(each.ticket, each.rejection).second) << "reported twice";
    }
    if (done(all) || std::chrono::steady_clock::now() > deadline) return all;
    bench.wait();
  }
}

Reports hear_until_broken(Bench& bench) {
  return hear(bench, [&](const Reports&) { return bench.sink().broken().has_value(); });
}

class SinkTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    bench_ = make_bench(GetParam());
    if (bench_ == nullptr) GTEST_SKIP() << "DMP_TEST_KAFKA names no broker";
  }

  Sink& sink() { return bench_->sink(); }

  bool send(std::uint64_t ticket, const std::string& key, const std::string& payload) {
    return send_to(bench_->topic, ticket, key, payload);
  }

  bool send_to(const std::string& topic, std::uint64_t ticket, const std::string& key,
               const std::string& payload) {
    payloads_[ticket] = payload;
    Record record;
    record.topic = topic;
    record.key = key;
    record.payload = payloads_[ticket];
    record.headers = {{"name", "value"}, {"number", std::string_view("\0\1", 2)}};
    return sink().send(ticket, record);
  }

  // Sends to both topics by turns until the sink takes no more; how many it took.
  std::uint64_t fill(std::uint64_t first_ticket) {
    std::uint64_t taken = 0;
    const auto topic = [&] { return taken % 2 == 0 ? bench_->topic : bench_->other_topic; };
    while (taken < 2 * kQueued && send_to(topic(), first_ticket + taken, "k", "v")) ++taken;
    return taken;
  }

  // Until there are `count` or time is up.
  Reports reports(std::size_t count) {
    return hear(*bench_, [count](const Reports& all) { return all.size() >= count; });
  }

  std::map<std::uint64_t, std::string> payloads_;  // sent; the sink borrows them until its end
  std::unique_ptr<Bench> bench_;
};

TEST_P(SinkTest, is_broken_until_it_is_first_built) {
  ASSERT_TRUE(sink().broken());
  EXPECT_FALSE(send(1, "k", "v"));
  ASSERT_TRUE(sink().rebuild());
  EXPECT_FALSE(sink().broken());
  EXPECT_TRUE(send(1, "k", "v"));
}

TEST_P(SinkTest, stores_a_record_byte_for_byte_and_reports_it_once) {
  ASSERT_TRUE(sink().rebuild());
  const std::string payload("{\"a\":\0\xff}", 8);
  ASSERT_TRUE(send(7, "key", payload));
  ASSERT_TRUE(send(8, "empty", ""));
  const auto all = reports(2);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_FALSE(all.at(7));
  auto stored = bench_->stored(2);
  ASSERT_EQ(stored.size(), 2U);
  if (stored[0].key != "key") std::swap(stored[0], stored[1]);
  EXPECT_EQ(stored[0].key, "key");
  EXPECT_EQ(stored[0].value, payload);
  EXPECT_EQ(stored[0].header("name"), "value");
  EXPECT_EQ(stored[0].header("number"), std::string("\0\1", 2));
  EXPECT_EQ(stored[1].value, "");
}

// Whose Kafka is ours to stop.
class StoppableSinkTest : public SinkTest {};

// That refuse a record alone. The fake refuses its whole batch, which UplinkTest needs.
class IsolatingSinkTest : public SinkTest {};

TEST_P(StoppableSinkTest, keeps_the_order_of_every_key_across_an_outage) {
  ASSERT_TRUE(sink().rebuild());
  std::uint64_t ticket = 0;
  std::size_t reported = 0;
  const auto send_some = [&](int count) {
    for (int i = 0; i < count; ++i, ++ticket) {
      ASSERT_TRUE(send(ticket, "key-" + std::to_string(ticket % 3), std::to_string(1000 + ticket)));
    }
  };
  send_some(12);
  reported += reports(12).size();
  bench_->set_down(true);
  send_some(30);
  bench_->set_down(false);
  send_some(6);
  reported += reports(36).size();
  EXPECT_EQ(reported, ticket);
  std::map<std::string, std::string> last;
  const auto stored = bench_->stored(ticket);
  EXPECT_EQ(stored.size(), ticket);
  for (const test::KafkaRecord& record : stored) {
    EXPECT_GT(record.value, last[record.key]) << record.key;
    last[record.key] = record.value;
  }
}

TEST_P(StoppableSinkTest, forgets_at_a_rebuild_what_it_has_not_reported) {
  ASSERT_TRUE(sink().rebuild());
  bench_->set_down(true);
  for (std::uint64_t ticket = 0; ticket < 10; ++ticket) ASSERT_TRUE(send(ticket, "k", "old"));
  ASSERT_TRUE(sink().rebuild());
  bench_->set_down(false);
  for (std::uint64_t ticket = 10; ticket < 15; ++ticket) ASSERT_TRUE(send(ticket, "k", "new"));
  const auto all = reports(5);
  EXPECT_EQ(all.size(), 5U);
  EXPECT_EQ(all.begin()->first, 10U);
}

TEST_P(IsolatingSinkTest, rejects_what_is_too_large_and_says_so) {
  ASSERT_TRUE(sink().rebuild());
  ASSERT_TRUE(send(1, "k", "before"));
  ASSERT_TRUE(send(2, "k", std::string(2 * kPayloadBytesMax, 'x')));
  ASSERT_TRUE(send(3, "k", "after"));
  const auto all = reports(3);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_FALSE(all.at(1));
  ASSERT_TRUE(all.at(2));
  EXPECT_EQ(all.at(2)->code, "too_large");
  EXPECT_FALSE(all.at(3));
  EXPECT_FALSE(sink().broken());
}

TEST_P(StoppableSinkTest, is_full_at_its_bound_and_takes_again_when_it_has_reported) {
  ASSERT_TRUE(sink().rebuild());
  bench_->set_down(true);
  EXPECT_EQ(fill(0), kQueued);
  EXPECT_FALSE(sink().broken()) << "full is not broken";
  bench_->set_down(false);
  EXPECT_EQ(reports(kQueued).size(), kQueued);
  EXPECT_EQ(fill(kQueued), kQueued);
}

TEST_P(StoppableSinkTest, has_all_its_room_again_after_a_rebuild) {
  ASSERT_TRUE(sink().rebuild());
  bench_->set_down(true);
  EXPECT_EQ(fill(0), kQueued);
  ASSERT_TRUE(sink().rebuild());
  EXPECT_EQ(fill(kQueued), kQueued);
  bench_->set_down(false);
  const auto all = reports(kQueued);
  ASSERT_EQ(all.size(), kQueued);
  EXPECT_EQ(all.begin()->first, kQueued) << "one from before the rebuild";
}

std::string name_of(const testing::TestParamInfo<std::string>& kind) { return kind.param; }

INSTANTIATE_TEST_SUITE_P(Every, SinkTest, testing::Values("Fake", "MockCluster", "RealKafka"),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Each, StoppableSinkTest, testing::Values("Fake", "MockCluster"), name_of);
INSTANTIATE_TEST_SUITE_P(Each, IsolatingSinkTest, testing::Values("MockCluster", "RealKafka"),
                         name_of);

// A producer whose first record names a topic it knows nothing of.
class ProducerByName {
 public:
  ProducerByName(const std::string& brokers, const std::string& topic)
      : client_(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers}}) {
    std::array<rd_kafka_vu_t, 2> parts{};
    parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    parts[0].u.cstr = topic.c_str();
    parts[1].vtype = RD_KAFKA_VTYPE_VALUE;
    EXPECT_EQ(rd_kafka_produceva(client_.get(), parts.data(), parts.size()), nullptr);
  }

  [[nodiscard]] bool has_stored() const {
    rd_kafka_poll(client_.get(), 0);
    return rd_kafka_outq_len(client_.get()) == 0;
  }

 private:
  test::KafkaClient client_;
};

// librdkafka asks where a topic is that a record only names at its next look round, up to a second
// later: one of several such producers may be lucky, all of them are not.
TEST(KafkaSink, finds_the_place_of_a_first_record_without_waiting_for_a_look_round) {
  constexpr int kRaces = 5;
  bool won = false;
  for (int i = 0; i < kRaces && !won; ++i) {
    EmulatedBench bench;
    const ProducerByName other(bench.brokers(), bench.topic);  // looks round before ours would
    ASSERT_TRUE(bench.sink().rebuild());
    Record record;
    record.topic = bench.topic;
    record.key = "k";
    ASSERT_TRUE(bench.sink().send(1, record));
    while (true) {
      won = !bench.sink().poll().empty();
      if (won || other.has_stored()) break;
      bench.wait();
    }
  }
  EXPECT_TRUE(won);
}

// As librdkafka understands them: a setting that is missing here would lose messages, and only in
// an outage of minutes, or when a broker dies.
TEST(KafkaSink, asks_all_replicas_for_every_message_once_and_gives_none_up) {
  const auto conf = make_kafka_conf(producer_properties({}));
  ASSERT_TRUE(conf) << conf.error().message;
  const auto effective = [&](const char* name) {
    std::array<char, 64> value{};
    std::size_t size = value.size();
    EXPECT_EQ(rd_kafka_conf_get(conf->get(), name, value.data(), &size), RD_KAFKA_CONF_OK) << name;
    return std::string(value.data());
  };
  EXPECT_EQ(effective("acks"), "-1") << "all of them";
  EXPECT_EQ(effective("enable.idempotence"), "true");
  EXPECT_EQ(effective("message.timeout.ms"), "0") << "none";
  EXPECT_EQ(effective("partitioner"), "murmur2_random");
}

// What only a broker can do to a producer.
class ProducerTest : public testing::TestWithParam<std::pair<std::string, int>> {};

TEST_P(ProducerTest, breaks_on_a_failure_that_is_not_the_records_and_stores_it_after_a_rebuild) {
  EmulatedBench bench;
  Sink& sink = bench.sink();
  ASSERT_TRUE(sink.rebuild());
  bench.fail(test::KafkaRequest::kProduce, {GetParam().second});
  Record record;
  record.topic = bench.topic;
  record.key = "k";
  record.payload = "v";
  ASSERT_TRUE(sink.send(1, record));
  EXPECT_EQ(hear_until_broken(bench), Reports()) << "it was not stored";
  ASSERT_TRUE(sink.broken());
  EXPECT_EQ(sink.broken()->code, "kafka_failed");
  EXPECT_FALSE(sink.send(2, record));

  ASSERT_TRUE(sink.rebuild());
  ASSERT_TRUE(sink.send(1, record));
  EXPECT_EQ(hear(bench, [](const Reports& all) { return !all.empty(); }),
            (Reports{{1, std::nullopt}}));
}

TEST(KafkaSink, breaks_as_a_whole_when_one_topic_fails_and_reports_nothing_twice) {
  EmulatedBench bench;
  Sink& sink = bench.sink();
  ASSERT_TRUE(sink.rebuild());
  constexpr int kTopicAuthorizationFailed = 29;
  bench.fail(test::KafkaRequest::kProduce, {kTopicAuthorizationFailed});  // whose comes first
  const std::array<std::string, 2> topics{bench.topic, bench.other_topic};
  const auto send = [&](std::uint64_t ticket) {
    Record record;
    record.topic = topics[ticket];
    record.key = "k";
    return sink.send(ticket, record);
  };
  for (const std::uint64_t ticket : {0U, 1U}) ASSERT_TRUE(send(ticket));
  const Reports before = hear_until_broken(bench);
  ASSERT_TRUE(sink.broken());
  EXPECT_NE(sink.broken()->message.find("topic test-"), std::string::npos);
  for (const std::uint64_t ticket : {0U, 1U}) EXPECT_FALSE(send(ticket)) << "of either topic";

  ASSERT_TRUE(sink.rebuild());
  for (const std::uint64_t ticket : {0U, 1U}) {
    ASSERT_TRUE(before.contains(ticket) || send(ticket));
  }
  Reports all =
      hear(bench, [&](const Reports& now) { return now.size() + before.size() == topics.size(); });
  for (const auto& [ticket, rejection] : before) {
    EXPECT_TRUE(all.emplace(ticket, rejection).second) << "reported twice";
  }
  EXPECT_EQ(all, (Reports{{0, std::nullopt}, {1, std::nullopt}}));
}

TEST(KafkaSink, is_broken_by_a_topic_that_can_have_no_producer) {
  EmulatedBench bench;
  ASSERT_TRUE(bench.sink().rebuild());
  const std::string too_long(513, 'x');
  Record record;
  record.topic = too_long;
  EXPECT_FALSE(bench.sink().send(1, record));
  ASSERT_TRUE(bench.sink().broken());
  EXPECT_EQ(bench.sink().broken()->code, "kafka_failed");
  EXPECT_TRUE(bench.sink().rebuild());
}

// Kafka's error codes.
INSTANTIATE_TEST_SUITE_P(Failures, ProducerTest,
                         testing::Values(std::pair{"OutOfOrderSequence", 45},
                                         std::pair{"TopicAuthorizationFailed", 29}),
                         [](const auto& each) { return each.param.first; });

}  // namespace
}  // namespace dmp::bridge
