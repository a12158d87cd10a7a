// The contract of every Source: the fake, and Paho against a real Mosquitto.
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "base/tcp_connections.h"
#include "bridge/adapters/batch_paho.h"
#include "bridge/adapters/memory_window.h"
#include "bridge/adapters/paho_source.h"
#include "bridge/core/route.h"
#include "tests/bridge/fakes.h"
#include "tests/bridge/mqtt_broker.h"

namespace dmp::bridge {
namespace {

const std::string kTopic = "dmp/v1/rae-1/0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11/update";
const std::string kConfirm = "dmp/v1/rae-1/agent/confirm";

constexpr std::chrono::seconds kPatience{30};
constexpr std::size_t kWindowMessages = 8;
constexpr WaterMarks kMarks{
    .high_bytes = 1 << 19, .low_bytes = 1 << 18, .high_messages = 4, .low_messages = 2};

class Bench {
 public:
  virtual ~Bench() = default;
  virtual Source& source() = 0;
  // From now on; the source has not connected yet.
  virtual void stop_at(WaterMarks marks) = 0;
  // An agent publishes; back when the broker has it.
  virtual void deliver(const std::string& payload) = 0;
  // No agent is connected from now on.
  virtual void end_agents() = 0;
  // An agent listens to its confirmations from now on.
  virtual void listen() = 0;
  virtual Agent::Received heard() = 0;
  virtual void wait() = 0;

  MemoryWindow window{1 << 20, kWindowMessages};
};

class FakeBench final : public Bench {
 public:
  FakeBench() { source_.is_heard = false; }
  Source& source() override { return source_; }
  void stop_at(WaterMarks marks) override { source_.marks = marks; }
  void deliver(const std::string& payload) override {
    Message message;
    message.topic = kTopic;
    message.payload = payload;
    source_.deliver(message);
  }
  void end_agents() override {}
  void listen() override { source_.is_heard = true; }
  Agent::Received heard() override {
    const auto& first = source_.published.at(0);
    return {first.topic, first.payload, static_cast<int>(first.expiry.count())};
  }
  void wait() override {}

 private:
  FakeSource source_{window};
};

class PahoBench final : public Bench {
 public:
  Source& source() override { return *source_; }
  void stop_at(WaterMarks marks) override {
    MqttOptions options = broker_.options();
    options.marks = marks;
    make_source(std::move(options));
  }
  void deliver(const std::string& payload) override { agent_->publish(kTopic, payload); }
  void end_agents() override { agent_.reset(); }
  void listen() override { agent_->subscribe(kConfirm); }
  Agent::Received heard() override { return agent_->receive(); }
  void wait() override {
    wake_.wait_until(clock_.steady() + std::chrono::milliseconds(200), clock_.steady());
  }

  MqttBroker& broker() { return broker_; }
  Agent& agent() { return *agent_; }
  void end_source() { source_.reset(); }
  void make_source(MqttOptions options) {
    source_ = std::make_unique<PahoSource>(std::move(options), window, wake_, clock_);
  }
  void new_agent() { agent_ = std::make_unique<Agent>(broker_); }

 private:
  MqttBroker broker_;
  SystemClock clock_;
  Wake wake_;
  std::unique_ptr<PahoSource> source_ =
      std::make_unique<PahoSource>(broker_.options(), window, wake_, clock_);
  std::unique_ptr<Agent> agent_ = std::make_unique<Agent>(broker_);
};

// The next event; a kDown with reason "nothing" if none came.
SourceEvent next_event(Bench& bench) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (auto event = bench.source().poll()) return *event;
    bench.wait();
  }
  return {SourceEvent::Kind::kDown, false, "nothing"};
}

// An attempt may fail: the loop makes another, and so does this.
testing::AssertionResult comes_up(Bench& bench) {
  constexpr int kAttempts = 10;
  SourceEvent event;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    bench.source().connect();
    event = next_event(bench);
    if (event.kind == SourceEvent::Kind::kUp) event = next_event(bench);
    if (event.kind == SourceEvent::Kind::kSubscribed) return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << event.reason;
}

// Waits for what happens next; false: the connection has ended.
bool next_event_or_message(Bench& bench) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline && bench.window.level().messages == 0) {
    if (const auto event = bench.source().poll()) return event->kind != SourceEvent::Kind::kDown;
    bench.wait();
  }
  return true;
}

// The next message of the window.
std::optional<Message> next_message(Bench& bench) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (auto message = bench.window.take()) return message;
    bench.wait();
  }
  return std::nullopt;
}

class SourceTest : public testing::TestWithParam<std::string> {
 protected:
  SourceTest() {
    if (GetParam() == "Fake") {
      bench_ = std::make_unique<FakeBench>();
    } else {
      bench_ = std::make_unique<PahoBench>();
    }
  }

  std::unique_ptr<Bench> bench_;
};

TEST_P(SourceTest, puts_messages_into_the_window_in_order) {
  ASSERT_TRUE(comes_up(*bench_));
  for (int i = 0; i < 5; ++i) bench_->deliver(std::to_string(i));
  for (int i = 0; i < 5; ++i) {
    const auto message = next_message(*bench_);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->topic, kTopic);
    EXPECT_EQ(message->payload, std::to_string(i));
    EXPECT_FALSE(message->duplicate);
  }
}

TEST_P(SourceTest, keeps_its_session_while_it_is_away) {
  ASSERT_TRUE(comes_up(*bench_));
  bench_->source().disconnect();
  EXPECT_EQ(next_event(*bench_).kind, SourceEvent::Kind::kDown);
  bench_->deliver("while away");
  bench_->source().connect();
  const SourceEvent event = next_event(*bench_);
  EXPECT_EQ(event.kind, SourceEvent::Kind::kUp) << event.reason;
  EXPECT_TRUE(event.session_present);
  EXPECT_EQ(next_event(*bench_).kind, SourceEvent::Kind::kSubscribed);
  EXPECT_EQ(bench_->window.level().messages, 1U) << "what was queued comes before";
  const auto message = next_message(*bench_);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->payload, "while away");
}

TEST_P(SourceTest, gets_what_the_window_refused_again_and_nothing_overtakes_it) {
  ASSERT_TRUE(comes_up(*bench_));
  bench_->source().disconnect();
  ASSERT_EQ(next_event(*bench_).reason, "left");
  constexpr std::size_t kSent = kWindowMessages + 5;
  for (std::size_t i = 0; i < kSent; ++i) bench_->deliver(std::to_string(i));
  bench_->end_agents();

  while (bench_->window.level().refused == 0) {
    bench_->source().connect();
    while (next_event(*bench_).kind != SourceEvent::Kind::kDown) {
    }
  }
  // Acknowledgements may be lost with the connection: then a run of messages comes once more. But
  // none is ever skipped.
  std::size_t expected = 0;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (bool is_up = false; expected < kSent && std::chrono::steady_clock::now() < deadline;) {
    if (const auto message = bench_->window.take()) {
      const auto number = static_cast<std::size_t>(std::stoul(std::string(message->payload)));
      ASSERT_LE(number, expected) << "it overtook one that was refused";
      expected = std::max(expected, number + 1);
      bench_->window.free(1);
      continue;
    }
    if (!is_up) bench_->source().connect();
    is_up = next_event_or_message(*bench_);
  }
  EXPECT_EQ(expected, kSent);
}

// That nothing more is read meanwhile is batch_paho_test.cc's, where the broker is the test.
TEST_P(SourceTest, stops_at_high_water_and_goes_on_when_it_is_told) {
  bench_->stop_at(kMarks);
  ASSERT_TRUE(comes_up(*bench_));
  bench_->source().disconnect();
  ASSERT_EQ(next_event(*bench_).reason, "left");
  constexpr std::size_t kSent = 3 * kWindowMessages;
  for (std::size_t i = 0; i < kSent; ++i) bench_->deliver(std::to_string(i));
  bench_->end_agents();  // Paho would not read for them either

  bench_->source().connect();
  ASSERT_EQ(next_event(*bench_).kind, SourceEvent::Kind::kUp);
  for (std::size_t i = 0; i < kSent; ++i) {
    const auto message = next_message(*bench_);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->payload, std::to_string(i));
    EXPECT_FALSE(message->duplicate);
    bench_->window.free(1);
    bench_->source().read_on();
  }
  EXPECT_EQ(bench_->window.level().refused, 0U);
  EXPECT_EQ(next_event(*bench_).kind, SourceEvent::Kind::kSubscribed)
      << "and it stood all the time";
}

TEST_P(SourceTest, publishes_while_it_is_up_and_says_so_when_it_is_not) {
  const auto refused = bench_->source().publish({kConfirm, "early", std::chrono::seconds(60)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "mqtt_down");
  bench_->listen();
  ASSERT_TRUE(comes_up(*bench_));
  ASSERT_TRUE(bench_->source().publish({kConfirm, "confirmed", std::chrono::seconds(60), 7}));
  const auto heard = bench_->heard();
  EXPECT_EQ(heard.topic, kConfirm);
  EXPECT_EQ(heard.payload, "confirmed");
  EXPECT_GT(heard.expiry_s, 0);
  EXPECT_LE(heard.expiry_s, 60);
  const SourceEvent answer = next_event(*bench_);
  EXPECT_EQ(answer.kind, SourceEvent::Kind::kAnswered);
  EXPECT_EQ(answer.ticket, 7U);
  EXPECT_EQ(answer.reason, "") << "the broker took it";
}

TEST_P(SourceTest, tells_whether_anybody_is_subscribed) {
  ASSERT_TRUE(comes_up(*bench_));
  for (const bool is_heard : {false, true}) {
    if (is_heard) bench_->listen();
    ASSERT_TRUE(bench_->source().publish({kConfirm, "{}", std::chrono::seconds(60), 7}));
    const SourceEvent answer = next_event(*bench_);
    EXPECT_EQ(answer.kind, SourceEvent::Kind::kAnswered);
    EXPECT_EQ(answer.reason, "") << "the broker took it";
    EXPECT_NE(answer.unheard, is_heard);
  }
}

TEST_P(SourceTest, hears_itself_beside_its_window) {
  ASSERT_TRUE(comes_up(*bench_));
  for (const std::uint64_t number : {1U, 2U}) {
    bench_->source().echo(number);
    const SourceEvent event = next_event(*bench_);
    EXPECT_EQ(event.kind, SourceEvent::Kind::kEchoed) << event.reason;
    EXPECT_EQ(event.ticket, number);
  }
  EXPECT_EQ(bench_->window.level().messages, 0U);
}

TEST_P(SourceTest, can_be_left_and_joined_again_and_again) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(comes_up(*bench_));
    bench_->deliver(std::to_string(i));
    const auto message = next_message(*bench_);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->payload, std::to_string(i));
    bench_->window.free(1);
    bench_->source().disconnect();
    EXPECT_EQ(next_event(*bench_).reason, "left");
  }
}

INSTANTIATE_TEST_SUITE_P(Every, SourceTest, testing::Values("Fake", "Mosquitto"),
                         [](const auto& each) { return each.param; });

TEST(PahoSource, takes_along_every_property_of_the_contract) {
  PahoBench bench;
  ASSERT_TRUE(comes_up(bench));
  bench.agent().publish(kTopic, std::string("{\0}", 3),
                        {.correlation = "1234567",
                         .response_topic = kConfirm,
                         .content_type = "application/json",
                         .property_name = "trace",
                         .property_value = "abc"});
  const auto message = next_message(bench);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->payload, std::string_view("{\0}", 3));
  EXPECT_EQ(message->correlation, "1234567");
  EXPECT_EQ(message->response_topic, kConfirm);
  EXPECT_EQ(message->content_type, "application/json");
  std::string_view properties = message->properties;
  ASSERT_FALSE(properties.empty());
  EXPECT_EQ(take_property(properties), (UserProperty{"trace", "abc"}));
  EXPECT_GT(message->received_at, 0);
}

TEST(PahoSource, passes_on_what_is_too_large_so_that_it_can_be_refused) {
  PahoBench bench;
  ASSERT_TRUE(comes_up(bench));
  bench.agent().publish(kTopic, std::string(200'000, 'x'));
  const auto message = next_message(bench);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->payload_bytes, 200'000U);
  EXPECT_EQ(message->payload.size(), MessageLimits::kPayloadBytes);
}

TEST(PahoSource, says_that_the_session_is_lost_with_the_brokers_memory) {
  PahoBench bench;
  ASSERT_TRUE(comes_up(bench));
  bench.broker().kill();
  EXPECT_EQ(next_event(bench).kind, SourceEvent::Kind::kDown);
  bench.broker().forget();
  bench.broker().start();
  bench.source().connect();
  const SourceEvent event = next_event(bench);
  ASSERT_EQ(event.kind, SourceEvent::Kind::kUp) << event.reason;
  EXPECT_FALSE(event.session_present);
  ASSERT_EQ(next_event(bench).kind, SourceEvent::Kind::kSubscribed);
  bench.new_agent();
  bench.deliver("subscribed again");
  const auto message = next_message(bench);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->payload, "subscribed again");
}

TEST(PahoSource, tells_that_the_broker_refused_a_message) {
  PahoBench bench;
  ASSERT_TRUE(comes_up(bench));
  // The ACL lets the bridge write confirmations, not what only agents may say.
  ASSERT_TRUE(bench.source().publish({kTopic, "{}", std::chrono::seconds(60), 9}));
  const SourceEvent answer = next_event(bench);
  EXPECT_EQ(answer.kind, SourceEvent::Kind::kAnswered);
  EXPECT_EQ(answer.ticket, 9U);
  EXPECT_FALSE(answer.reason.empty());
}

// Mosquitto grants what its list does not allow, and sends nothing.
TEST(PahoSource, does_not_hear_itself_where_the_access_list_does_not_know_it) {
  PahoBench bench;
  MqttOptions stranger = bench.broker().options();
  stranger.client_id = MqttBroker::kOtherRae;
  stranger.certificate_file = bench.broker().file(stranger.client_id + ".crt");
  stranger.key_file = bench.broker().file(stranger.client_id + ".key");
  bench.make_source(stranger);
  ASSERT_TRUE(comes_up(bench));
  bench.source().echo(1);
  const std::string allowed = "dmp/v1/" + stranger.client_id + "/agent/presence";
  ASSERT_TRUE(bench.source().publish({allowed, "{}", std::chrono::seconds(60), 7}));
  const SourceEvent event = next_event(bench);
  EXPECT_NE(event.kind, SourceEvent::Kind::kEchoed) << "but what was sent behind it, or the end";
}

// Paho calls what it could not write failed, and frees it twice (cmake/paho/broken_publish.cc).
TEST(PahoSource, takes_no_broken_connection_for_the_brokers_word_and_goes_on) {
  PahoBench bench;
  for (int attempt = 0; attempt < 5; ++attempt) {
    ASSERT_TRUE(comes_up(bench));
    hold_paho();  // so that the write comes before the news of the end
    shut_connections_to(port_of(bench.broker().uri()));
    // Refused, if the end is known all the same.
    static_cast<void>(bench.source().publish({kConfirm, "{}", std::chrono::seconds(60), 7}));
    bench.wait();
    bench.source().read_on();
    const SourceEvent event = next_event(bench);
    ASSERT_EQ(event.kind, SourceEvent::Kind::kDown) << event.reason;
    ASSERT_NE(event.reason, "nothing");
  }
}

// The other end may be gone while we are still leaving, and we come back at once.
TEST(PahoSource, comes_back_when_the_broker_dies_while_it_is_leaving) {
  PahoBench bench;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(comes_up(bench));
    bench.source().disconnect();
    bench.broker().kill();
    EXPECT_EQ(next_event(bench).kind, SourceEvent::Kind::kDown);
    bench.source().connect();
    EXPECT_EQ(next_event(bench).kind, SourceEvent::Kind::kDown);
    bench.broker().start();
  }
}

TEST(PahoSource, is_down_with_a_reason_when_nobody_answers) {
  PahoBench bench;
  bench.broker().kill();
  for (int i = 0; i < 2; ++i) {
    bench.source().connect();
    const SourceEvent event = next_event(bench);
    EXPECT_EQ(event.kind, SourceEvent::Kind::kDown);
    EXPECT_NE(event.reason.find("no connection to " + bench.broker().options().uri),
              std::string::npos)
        << event.reason;
  }
}

TEST(PahoSource, trusts_no_broker_of_another_ca) {
  PahoBench bench;
  MqttOptions options = bench.broker().options();
  options.ca_file = bench.broker().file("rae-1.crt");  // any other certificate
  bench.end_source();
  bench.make_source(options);
  bench.source().connect();
  const SourceEvent event = next_event(bench);
  EXPECT_EQ(event.kind, SourceEvent::Kind::kDown);
  EXPECT_NE(event.reason, "nothing");
  bench.end_source();
  bench.make_source(bench.broker().options());
  EXPECT_TRUE(comes_up(bench)) << "it was not the broker's fault";
}

}  // namespace
}  // namespace dmp::bridge
