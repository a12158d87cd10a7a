// The uplink against a real Mosquitto with mTLS and the contract's ACL.
#include <csignal>

#include <gtest/gtest.h>
#include <mqtt/async_client.h>

#include "local-registry/adapters/paho_uplink.h"
#include "tests/fixtures/mosquitto.h"

// Paho C 1.3.12 forgets what was unanswered when its client is destroyed.
extern "C" const char* __lsan_default_suppressions();  // NOLINT: LeakSanitizer's name
extern "C" const char* __lsan_default_suppressions() { return "leak:libpaho-mqtt3as\n"; }

namespace dmp::local {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr const char* kRae = "rae-1";
constexpr const char* kOther = "rae-2";
const std::string kPresence = "dmp/v1/rae-1/agent/presence";
const std::string kRoster = "dmp/v1/rae-1/agent/roster";
const std::string kConfirm = "dmp/v1/rae-1/agent/confirm";

test::Mosquitto& broker() {
  // Paho writes to sockets whose peer is gone; a program ignores this as base/stop.h does.
  std::signal(SIGPIPE, SIG_IGN);
  static test::Mosquitto broker({kRae, kOther});
  return broker;
}

BrokerAddress address_of(const std::string& name) {
  return {broker().uri(), name, broker().file("ca.crt"), broker().file(name + ".crt"),
          broker().file(name + ".key")};
}

// The bridge's side.
class Bridge {
 public:
  Bridge()
      : client_(broker().uri(), test::Mosquitto::kBridge, mqtt::create_options(MQTTVERSION_5),
                nullptr) {
    client_.set_message_callback([this](const mqtt::const_message_ptr& message) {
      mqtt::const_message_ptr copy = message;
      static_cast<void>(messages_.try_push(std::move(copy)));
    });
    const std::string name = test::Mosquitto::kBridge;
    mqtt::ssl_options tls;
    tls.set_trust_store(broker().file("ca.crt"));
    tls.set_key_store(broker().file(name + ".crt"));
    tls.set_private_key(broker().file(name + ".key"));
    options_.set_mqtt_version(MQTTVERSION_5);
    options_.set_clean_start(true);
    options_.set_ssl(tls);
    client_.connect(options_)->wait();
    for (const std::string& topic : {kPresence, kRoster}) client_.subscribe(topic, 1)->wait();
  }
  ~Bridge() { client_.disconnect()->wait(); }
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  mqtt::const_message_ptr receive() {
    return messages_.pop_until(std::chrono::steady_clock::now() + kPatience).value_or(nullptr);
  }
  void publish(const std::string& topic, const std::string& payload) {
    client_.publish(mqtt::make_message(topic, payload, 1, false))->wait();
  }

 private:
  BoundedQueue<mqtt::const_message_ptr> messages_{100, 1 << 20};
  mqtt::async_client client_;
  mqtt::connect_options options_;
};

// An uplink and its news.
struct Link {
  explicit Link(const std::string& name = kRae)
      : uplink(PahoUplink::create(address_of(name), events, metrics).value()) {}

  template <class Wanted>
  std::optional<Wanted> wait() {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (auto event = events.pop_until(deadline)) {
      if (auto* found = std::get_if<Wanted>(&*event)) return *found;
    }
    return std::nullopt;
  }
  void connect(const std::string& will = "will") {
    ASSERT_TRUE(uplink->connect(kPresence, will));
    ASSERT_TRUE(wait<UplinkConnected>());
    ASSERT_TRUE(uplink->subscribe(kConfirm));
  }
  // The broker's answer to this one.
  std::optional<int> publish(Publish message) {
    message.tell_delivered = true;
    EXPECT_TRUE(uplink->publish(message));
    auto answered = wait<UplinkAnswered>();
    while (answered && answered->publish != message.id) answered = wait<UplinkAnswered>();
    if (!answered) return std::nullopt;
    return answered->reason;
  }

  EventQueue events{1000, 1 << 20};
  Metrics metrics;
  std::unique_ptr<PahoUplink> uplink;
};

TEST(PahoUplink, carries_payload_and_request_properties) {
  Bridge bridge;
  Link link;
  link.connect();
  EXPECT_EQ(link.publish({7, kRoster, "{\"a\":1}", "1700", kConfirm}), 0);
  const auto got = bridge.receive();
  ASSERT_NE(got, nullptr);
  EXPECT_EQ(got->get_payload_str(), "{\"a\":1}");
  EXPECT_EQ(got->get_qos(), 1);
  EXPECT_FALSE(got->is_retained());
  const mqtt::properties& properties = got->get_properties();
  EXPECT_EQ(mqtt::get<std::string>(properties, mqtt::property::CORRELATION_DATA), "1700");
  EXPECT_EQ(mqtt::get<std::string>(properties, mqtt::property::RESPONSE_TOPIC), kConfirm);
  EXPECT_EQ(mqtt::get<std::string>(properties, mqtt::property::CONTENT_TYPE), "application/json");
}

TEST(PahoUplink, asks_for_no_confirmation_without_a_correlation) {
  Bridge bridge;
  Link link;
  link.connect();
  EXPECT_EQ(link.publish({1, kPresence, "x", "", ""}), 0);
  const auto got = bridge.receive();
  ASSERT_NE(got, nullptr);
  EXPECT_FALSE(got->get_properties().contains(mqtt::property::CORRELATION_DATA));
  EXPECT_FALSE(got->get_properties().contains(mqtt::property::RESPONSE_TOPIC));
}

TEST(PahoUplink, tells_that_a_message_was_delivered_only_to_who_asked) {
  Bridge bridge;
  Link link;
  link.connect();
  ASSERT_TRUE(link.uplink->publish({1, kRoster, "x", "1", kConfirm}));
  ASSERT_TRUE(link.uplink->publish({2, kRoster, "y", "2", kConfirm, true}));
  const auto first = link.wait<UplinkAnswered>();  // the broker answers in order
  ASSERT_TRUE(first);
  EXPECT_EQ(first->publish, 2);
  EXPECT_EQ(first->reason, kUplinkDelivered);
}

TEST(PahoUplink, tells_that_nobody_was_subscribed_to_who_did_not_ask) {
  Link link;
  link.connect();
  ASSERT_TRUE(link.uplink->publish({1, kRoster, "x", "1", kConfirm}));
  const auto answered = link.wait<UplinkAnswered>();
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->publish, 1);
  EXPECT_EQ(answered->reason, 0x10);
}

TEST(PahoUplink, tells_that_the_broker_refused_a_message_to_who_did_not_ask) {
  Link link(kOther);
  ASSERT_TRUE(link.uplink->connect("dmp/v1/rae-2/agent/presence", "will"));
  ASSERT_TRUE(link.wait<UplinkConnected>());
  ASSERT_TRUE(link.uplink->publish({1, kRoster, "forged", "1", kConfirm}));
  const auto answered = link.wait<UplinkAnswered>();
  ASSERT_TRUE(answered);
  EXPECT_GE(answered->reason, kUplinkFailed);
}

TEST(PahoUplink, receives_confirmations) {
  Bridge bridge;
  Link link;
  link.connect();
  // Answered in order: the broker has the subscription when it answers this.
  ASSERT_TRUE(link.publish({1, kPresence, "x", "", ""}));
  bridge.publish(kConfirm, "{\"schema\":1}");
  const auto message = link.wait<UplinkMessage>();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->topic, kConfirm);
  EXPECT_EQ(message->payload, "{\"schema\":1}");
}

TEST(PahoUplink, goes_on_after_a_broker_that_left_publishes_unanswered) {
  Link link;
  for (int outage = 0; outage < 2; ++outage) {
    link.connect();
    broker().freeze();
    for (std::int64_t id = 2; id < 66; ++id) {
      ASSERT_TRUE(link.uplink->publish({id, kRoster, "x", "1", kConfirm}));
    }
    broker().kill();
    EXPECT_TRUE(link.wait<UplinkLost>());
    broker().start();
  }
  Bridge bridge;
  link.connect();
  EXPECT_EQ(link.publish({1, kRoster, "alive", "1", kConfirm}), 0);
  const auto got = bridge.receive();
  ASSERT_NE(got, nullptr);
  EXPECT_EQ(got->get_payload_str(), "alive") << "the outbox sends again, nobody else";
}

TEST(PahoUplink, speaks_only_for_itself) {
  Bridge bridge;
  Link link(kOther);
  ASSERT_TRUE(link.uplink->connect("dmp/v1/rae-2/agent/presence", "will"));
  ASSERT_TRUE(link.wait<UplinkConnected>());
  const auto reason = link.publish({1, kRoster, "forged", "1", kConfirm});
  ASSERT_TRUE(reason);
  EXPECT_GE(*reason, kUplinkFailed) << "not authorised";
}

TEST(PahoUplink, leaves_its_will_when_it_is_cut_off_and_none_when_it_says_goodbye) {
  Bridge bridge;
  {
    Link link;
    link.connect("last words");
    link.uplink->disconnect();
  }
  Link first;
  first.connect("last words");
  // The broker ends a connection whose name comes again, and tells its Will.
  Link second;
  second.connect("other words");
  EXPECT_TRUE(first.wait<UplinkLost>());
  const auto will = bridge.receive();
  ASSERT_NE(will, nullptr);
  EXPECT_EQ(will->get_payload_str(), "last words");
}

TEST(PahoUplink, leaves_its_will_when_it_abandons_the_connection) {
  Bridge bridge;
  {
    Link link;
    link.connect("last words");
    link.uplink->abandon();
  }
  const auto will = bridge.receive();
  ASSERT_NE(will, nullptr);
  EXPECT_EQ(will->get_payload_str(), "last words");
}

TEST(PahoUplink, tells_a_lost_broker_and_connects_again_with_a_new_will) {
  Link link;
  link.connect("first");
  broker().kill();
  const auto lost = link.wait<UplinkLost>();
  ASSERT_TRUE(lost);
  EXPECT_FALSE(lost->taken_over);
  ASSERT_TRUE(link.uplink->connect(kPresence, "nobody listens"));
  const auto unreached = link.wait<UplinkLost>();
  ASSERT_TRUE(unreached);
  EXPECT_NE(unreached->why.find("no connection to " + broker().uri()), std::string::npos)
      << unreached->why;
  broker().start();
  link.connect("second");
  Bridge bridge;
  Link usurper;
  usurper.connect("third");
  const auto will = bridge.receive();
  ASSERT_NE(will, nullptr);
  EXPECT_EQ(will->get_payload_str(), "second");
}

TEST(PahoUplink, refuses_a_broker_that_is_not_of_our_authority) {
  BrokerAddress address = address_of(kRae);
  address.ca = broker().file("rae-1.crt");
  EventQueue events(100, 1 << 20);
  Metrics metrics;
  const auto uplink = PahoUplink::create(address, events, metrics).value();
  ASSERT_TRUE(uplink->connect(kPresence, "will"));
  const auto event = events.pop_until(std::chrono::steady_clock::now() + kPatience);
  ASSERT_TRUE(event);
  EXPECT_TRUE(std::holds_alternative<UplinkLost>(*event));
}

}  // namespace
}  // namespace dmp::local
