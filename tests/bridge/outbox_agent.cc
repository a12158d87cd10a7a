#include "tests/bridge/outbox_agent.h"

#include <atomic>

#include <mqtt/async_client.h>
#include <poll.h>

#include "base/bounded_queue.h"
#include "base/check.h"
#include "base/tcp_connections.h"
#include "schema/codec.h"
#include "schema/topics.h"

// Paho C forgets some of what was under way when a client ends after its connection was lost; that
// is a few hundred bytes of this test, and the program's own end of a client comes once.
extern "C" const char* __lsan_default_suppressions();  // NOLINT: LeakSanitizer's name
extern "C" const char* __lsan_default_suppressions() { return "leak:libpaho-mqtt3as\n"; }  // NOLINT

namespace dmp::bridge {
namespace {

constexpr std::size_t kConfirmsMax = 100'000;
// More than may be unanswered: what Paho does not take would count as a lost connection.
constexpr int kBufferedMax = 2 * OutboxAgent::kUnansweredMax;
constexpr int kInflightMax = 20;  // Mosquitto's Receive Maximum
constexpr int kAgainPerTurn = 8;
constexpr std::size_t kOversizeBytes = 70'000;
constexpr std::chrono::seconds kConnectPatience{10};
constexpr std::chrono::milliseconds kTryAgain{300};
constexpr std::chrono::seconds kSilence{20};

void pause() { poll(nullptr, 0, 2); }

template <class Condition>
bool wait_for(std::chrono::seconds time, Condition holds) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    poll(nullptr, 0, 10);
  }
  return true;
}

}  // namespace

// One connection; what it had not sent when it broke is gone with it.
class OutboxAgent::Link {
 public:
  explicit Link(const MqttBroker& broker)
      : mqtt_(broker.uri(), MqttBroker::kRae, mqtt::create_options(MQTTVERSION_5, kBufferedMax),
              nullptr) {
    mqtt_.set_message_callback([this](const mqtt::const_message_ptr& message) {
      DMP_CHECK(confirms_.try_push(std::string(message->get_payload_str())));
    });
    mqtt_.set_connection_lost_handler([this](const std::string&) { lost_ = true; });
    mqtt::ssl_options tls;
    tls.set_trust_store(broker.file("ca.crt"));
    tls.set_key_store(broker.file(std::string(MqttBroker::kRae) + ".crt"));
    tls.set_private_key(broker.file(std::string(MqttBroker::kRae) + ".key"));
    options_.set_mqtt_version(MQTTVERSION_5);
    options_.set_clean_start(true);
    options_.set_ssl(tls);
    options_.set_max_inflight(kInflightMax);
  }
  ~Link() {
    try {
      if (!lost_) mqtt_.disconnect()->wait_for(std::chrono::seconds(2));
    } catch (const mqtt::exception&) {
      lost_ = true;
    }
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  bool open() {
    try {
      if (!mqtt_.connect(options_)->wait_for(kConnectPatience)) return false;
      disable_nagle_to(port_of(mqtt_.get_server_uri()));
      const auto confirm = agent_topic(*RaeSerial::parse(MqttBroker::kRae), TopicKind::kConfirm);
      return mqtt_.subscribe(confirm, 1)->wait_for(kConnectPatience);
    } catch (const mqtt::exception&) {
      return false;
    }
  }

  void publish(const std::string& topic, const std::string& payload,
               const std::string& correlation) {
    mqtt::properties properties;
    properties.add({mqtt::property::CORRELATION_DATA, correlation});
    try {
      mqtt_.publish(mqtt::message::create(topic, payload, 1, false, properties));
    } catch (const mqtt::exception&) {
      lost_ = true;  // it is said again
    }
  }

  std::optional<std::string> confirm() { return confirms_.try_pop(); }
  [[nodiscard]] bool is_lost() const { return lost_; }

 private:
  BoundedQueue<std::string> confirms_{kConfirmsMax, kConfirmsMax};
  std::atomic<bool> lost_ = false;
  mqtt::connect_options options_;
  mqtt::async_client mqtt_;  // last: its end stops the callbacks
};

OutboxAgent::OutboxAgent(const MqttBroker& broker, std::vector<std::string> topics, int per_second,
                         std::size_t oversize_every)
    : broker_(broker),
      topics_(std::move(topics)),
      per_second_(per_second),
      oversize_every_(oversize_every),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

OutboxAgent::~OutboxAgent() = default;

void OutboxAgent::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (stands()) {
      hear();
      const std::lock_guard lock(mutex_);
      say_again();
      if (!recovering_ && !settling_) say_new();
    }
    pause();
  }
}

bool OutboxAgent::stands() {
  if (link_ != nullptr && !link_->is_lost()) return true;
  link_.reset();
  link_ = std::make_unique<Link>(broker_);
  if (!link_->open()) {
    link_.reset();
    return false;
  }
  const std::lock_guard lock(mutex_);
  recover();
  heard_ = Steady::now();
  return true;
}

void OutboxAgent::hear() {
  while (const auto bytes = link_->confirm()) {
    const auto confirm = decode_confirm(*bytes);
    DMP_CHECK(confirm);
    const std::lock_guard lock(mutex_);
    heard_ = Steady::now();
    for (const std::string& each : confirm->stored) {
      unanswered_.erase(std::stoul(each));
      confirmed_.insert(std::stoul(each));
    }
    for (const Refusal& each : confirm->refused) {
      unanswered_.erase(std::stoul(each.correlation));
      refused_.insert(std::stoul(each.correlation));
    }
  }
}

void OutboxAgent::recover() {
  recovering_ = !unanswered_.empty();
  is_probing_ = recovering_;
  tried_ = recovering_ ? *unanswered_.begin() : 0;
  again_from_ = 0;
  next_try_ = Steady::now();
}

void OutboxAgent::say_again() {
  const auto now = Steady::now();
  // A confirmation may be lost: at the end somebody must ask again.
  if (settling_ && !recovering_ && now > heard_ + kSilence) recover();
  if (!recovering_) return;
  if (is_probing_ && unanswered_.contains(tried_)) {
    if (now < next_try_) return;
    next_try_ = now + kTryAgain;
    ++said_again_;
    return say(tried_);
  }
  is_probing_ = false;
  for (int i = 0; i < kAgainPerTurn && recovering_; ++i) {
    const auto next = unanswered_.lower_bound(again_from_);
    recovering_ = next != unanswered_.end();
    if (!recovering_) continue;
    say(*next);
    ++said_again_;
    again_from_ = *next + 1;
  }
  heard_ = now;
}

void OutboxAgent::say_new() {
  static constexpr int kTurnsPerSecond = 1000 / 2;
  for (int i = 0; i < per_second_ / kTurnsPerSecond && unanswered_.size() < kUnansweredMax; ++i) {
    unanswered_.insert(published_);
    say(published_++);
  }
}

void OutboxAgent::say(std::size_t number) {
  std::string payload = std::to_string(number);
  if (oversize_every_ > 0 && number % oversize_every_ == oversize_every_ - 1) {
    payload.append(kOversizeBytes, ' ');
  }
  link_->publish(topics_[number % topics_.size()], payload, std::to_string(number));
}

std::size_t OutboxAgent::published() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

std::set<std::size_t> OutboxAgent::confirmed() const {
  const std::lock_guard lock(mutex_);
  return confirmed_;
}

std::set<std::size_t> OutboxAgent::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

std::size_t OutboxAgent::answered() const {
  const std::lock_guard lock(mutex_);
  return confirmed_.size() + refused_.size();
}

bool OutboxAgent::has_published(std::size_t count, std::chrono::seconds time) const {
  return wait_for(time, [&] { return published() >= count; });
}

bool OutboxAgent::has_answered(std::size_t count, std::chrono::seconds time) const {
  return wait_for(time, [&] { return answered() >= count; });
}

bool OutboxAgent::is_full(std::chrono::seconds time) const {
  return wait_for(time, [&] {
    const std::lock_guard lock(mutex_);
    return unanswered_.size() == kUnansweredMax;
  });
}

std::size_t OutboxAgent::said_again() const {
  const std::lock_guard lock(mutex_);
  return said_again_;
}

bool OutboxAgent::settles(std::chrono::seconds time) {
  {
    const std::lock_guard lock(mutex_);
    settling_ = true;
    heard_ = Steady::now();
  }
  return wait_for(time, [&] {
    const std::lock_guard lock(mutex_);
    return unanswered_.empty();
  });
}

}  // namespace dmp::bridge
