// The contract of every Commands: the fake, and librdkafka against the real Kafka named by
// DMP_TEST_KAFKA.
#include <cstdlib>
#include <memory>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "bridge/adapters/kafka_commands.h"
#include "tests/bridge/fakes.h"
#include "tests/fixtures/emulated_kafka.h"
#include "tests/fixtures/kafka_topics.h"

namespace dmp::bridge {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr int kPartitions = 3;
constexpr std::int64_t kExpiresAt = 1'700'000'000'000'000;

class Bench {
 public:
  virtual ~Bench() = default;
  virtual Commands& commands() = 0;
  virtual void write(std::int32_t partition, const std::string& payload) = 0;
  virtual void wait() = 0;
  // As after a restart of the program.
  virtual void restart() = 0;
};

class FakeBench final : public Bench {
 public:
  Commands& commands() override { return commands_; }
  void write(std::int32_t partition, const std::string& payload) override {
    Command command;
    command.topic = "key-" + std::to_string(partition);
    command.payload = payload;
    command.bridge = "bridge-1";
    command.expires_at = kExpiresAt;
    commands_.write(partition, command);
  }
  void wait() override {}
  void restart() override { commands_.end(); }

 private:
  FakeCommands commands_;
};

class KafkaBench final : public Bench {
 public:
  explicit KafkaBench(std::string brokers) : brokers_(std::move(brokers)) {
    test::create_topic(brokers_, topic_, kPartitions);
    restart();
  }
  explicit KafkaBench(test::EmulatedKafka& kafka) : brokers_(kafka.brokers()) {
    kafka.create_topic(topic_, kPartitions);
    restart();
  }
  Commands& commands() override { return *commands_; }
  void write(std::int32_t partition, const std::string& payload) override {
    test::produce(brokers_, topic_,
                  {{"key-" + std::to_string(partition),
                    payload,
                    {{"dmp-bridge", "bridge-1"}, {"dmp-expires-at", std::to_string(kExpiresAt)}},
                    partition}});
  }
  void wait() override {
    const auto now = std::chrono::steady_clock::now();
    wake_.wait_until(now + std::chrono::milliseconds(200), now);
  }
  void restart() override {
    commands_.reset();
    commands_ = std::make_unique<KafkaCommands>(
        KafkaCommandsOptions{brokers_, "bridge-1", topic_ + "-group", topic_}, wake_);
    commands_->run();
  }

 private:
  static std::string unique_topic() {
    std::random_device random;
    return "test-commands-" + std::to_string(random()) + std::to_string(random());
  }

  const std::string brokers_;
  const std::string topic_ = unique_topic();
  Wake wake_;
  std::unique_ptr<KafkaCommands> commands_;
};

// The next one; its payload says so if none came.
Command next_of(Bench& bench) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (auto command = bench.commands().take()) return *command;
    bench.wait();
  }
  Command none;
  none.payload = "(nothing came)";
  return none;
}

class CommandsTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "Fake") {
      bench_ = std::make_unique<FakeBench>();
      return;
    }
    const char* brokers = std::getenv("DMP_TEST_KAFKA");
    if (brokers == nullptr) GTEST_SKIP() << "DMP_TEST_KAFKA names no broker";
    bench_ = std::make_unique<KafkaBench>(brokers);
  }

  Command next() { return next_of(*bench_); }

  std::unique_ptr<Bench> bench_;
};

TEST_P(CommandsTest, gives_each_partition_in_order_with_key_and_headers) {
  for (int i = 0; i < 3; ++i) {
    for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
      bench_->write(partition, std::to_string(i));
    }
  }
  bench_->commands().begin();
  std::map<std::int32_t, int> seen;
  for (int i = 0; i < 3 * kPartitions; ++i) {
    const Command command = next();
    EXPECT_EQ(command.topic, "key-" + std::to_string(command.partition));
    EXPECT_EQ(command.payload, std::to_string(seen[command.partition]));
    EXPECT_EQ(command.offset, seen[command.partition]);
    EXPECT_EQ(command.bridge, "bridge-1");
    EXPECT_EQ(command.expires_at, kExpiresAt);
    ++seen[command.partition];
  }
}

TEST_P(CommandsTest, gives_nothing_before_it_begins_and_nothing_after_the_end) {
  bench_->write(0, "a");
  EXPECT_FALSE(bench_->commands().take());
  bench_->commands().begin();
  EXPECT_EQ(next().payload, "a");
  bench_->write(0, "b");
  bench_->commands().end();
  bench_->wait();
  EXPECT_FALSE(bench_->commands().take());
}

TEST_P(CommandsTest, begins_again_behind_what_was_done) {
  for (const std::string payload : {"a", "b", "c"}) bench_->write(1, payload);
  bench_->commands().begin();
  EXPECT_EQ(next().payload, "a");
  EXPECT_EQ(next().payload, "b");
  bench_->commands().done(1, 1);
  bench_->commands().end();
  bench_->commands().begin();
  EXPECT_EQ(next().payload, "b");
  EXPECT_EQ(next().payload, "c");
  bench_->commands().done(1, 2);
  bench_->restart();
  bench_->commands().begin();
  EXPECT_EQ(next().payload, "c") << "it knows after a restart";
}

TEST_P(CommandsTest, gives_what_is_written_while_it_reads) {
  bench_->commands().begin();
  for (const std::string payload : {"a", "b"}) {
    bench_->write(2, payload);
    EXPECT_EQ(next().payload, payload);
  }
  EXPECT_EQ(bench_->commands().trouble(), "");
}

INSTANTIATE_TEST_SUITE_P(Every, CommandsTest, testing::Values("Fake", "Kafka"),
                         [](const auto& each) { return each.param; });

TEST(KafkaCommands, goes_on_after_a_failure_behind_what_it_gave_though_nothing_is_done) {
  // What the library makes of its own end, here as Kafka's answer.
  const std::vector<int> fatal(3, -150);
  test::EmulatedKafka kafka;
  KafkaBench bench(kafka);
  bench.commands().begin();
  for (const std::string payload : {"a", "b"}) {
    bench.write(1, payload);
    EXPECT_EQ(next_of(bench).payload, payload);
  }
  kafka.fail(test::KafkaRequest::kFetch, fatal);
  bench.write(1, "c");
  EXPECT_EQ(next_of(bench).payload, "c");
  bench.commands().end();
  bench.commands().begin();
  EXPECT_EQ(next_of(bench).payload, "a") << "a new beginning gives again what is not done";
}

// As while Kafka makes the topic of the groups' offsets: librdkafka says so once and asks no more.
TEST(KafkaCommands, begins_although_nobody_could_say_what_was_done) {
  constexpr int kNotCoordinator = 16;
  test::EmulatedKafka kafka;
  KafkaBench bench(kafka);
  kafka.fail(test::KafkaRequest::kOffsetFetch, std::vector<int>(3, kNotCoordinator));
  bench.write(0, "a");
  bench.commands().begin();
  EXPECT_EQ(next_of(bench).payload, "a");
}

TEST(KafkaCommands, says_why_nothing_can_be_read_and_stops_all_the_same) {
  Wake wake;
  KafkaCommands commands({"127.0.0.1:1", "bridge-1", "group", "topic"}, wake);
  commands.run();
  commands.begin();
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (commands.trouble().empty() && std::chrono::steady_clock::now() < deadline) {
    const auto now = std::chrono::steady_clock::now();
    wake.wait_until(now + std::chrono::milliseconds(50), now);
  }
  EXPECT_FALSE(commands.trouble().empty());
  commands.stop();
}

}  // namespace
}  // namespace dmp::bridge
