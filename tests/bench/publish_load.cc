#include "tests/bench/publish_load.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <mosquitto.h>
#include <mqtt_protocol.h>

#include "base/tcp_connections.h"

namespace dmp::bench {
namespace {

constexpr int kAtLeastOnce = 1;
constexpr int kKeepaliveS = 30;
constexpr int kFailures = 0x80;               // reason codes from here on
constexpr std::int64_t kUnansweredMax = 200;  // of one agent
constexpr std::chrono::seconds kPatience{60};

Status failed(const std::string& what, int code) {
  return fail("mqtt", what + ": " + mosquitto_strerror(code));
}

class Agent {
 public:
  Agent() = default;
  ~Agent() {
    if (client_ == nullptr) return;
    mosquitto_disconnect(client_);
    mosquitto_loop_stop(client_, false);
    mosquitto_destroy(client_);
  }
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  Status connect(const PublishLoad& load, const std::string& serial) {
    client_ = mosquitto_new(serial.c_str(), true, this);
    if (client_ == nullptr) return fail("mqtt", serial + ": no client");
    mosquitto_int_option(client_, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_int_option(client_, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_publish_v5_callback_set(client_, on_answer);
    const std::string file = load.pki + "/" + serial;
    if (const int code =
            mosquitto_tls_set(client_, (load.pki + "/ca.crt").c_str(), nullptr,
                              (file + ".crt").c_str(), (file + ".key").c_str(), nullptr);
        code != MOSQ_ERR_SUCCESS) {
      return failed(serial, code);
    }
    if (const int code = mosquitto_connect(client_, "127.0.0.1", port_of(load.uri), kKeepaliveS);
        code != MOSQ_ERR_SUCCESS) {
      return failed(serial, code);
    }
    if (const int code = mosquitto_loop_start(client_); code != MOSQ_ERR_SUCCESS) {
      return failed(serial, code);
    }
    return {};
  }

  Status publish(const std::string& topic, const std::string& payload,
                 const std::string& correlation) {
    if (!answered_down_to(kUnansweredMax - 1)) return fail("mqtt", "the broker does not answer");
    mosquitto_property* properties = nullptr;
    mosquitto_property_add_binary(&properties, MQTT_PROP_CORRELATION_DATA, correlation.data(),
                                  static_cast<std::uint16_t>(correlation.size()));
    mosquitto_property_add_string(&properties, MQTT_PROP_CONTENT_TYPE, "application/json");
    {
      const std::lock_guard lock(mutex_);
      ++unanswered_;
    }
    const int code =
        mosquitto_publish_v5(client_, nullptr, topic.c_str(), static_cast<int>(payload.size()),
                             payload.data(), kAtLeastOnce, false, properties);
    mosquitto_property_free_all(&properties);
    if (code != MOSQ_ERR_SUCCESS) return failed(topic, code);
    return {};
  }

  // Waits until at most so many are unanswered; false if that does not come, or one was refused.
  bool answered_down_to(std::int64_t most) {
    std::unique_lock lock(mutex_);
    return answered_.wait_for(lock, kPatience, [&] { return unanswered_ <= most || refused_; }) &&
           !refused_;
  }

 private:
  static void on_answer(mosquitto*, void* self, int, int reason, const mosquitto_property*) {
    auto& agent = *static_cast<Agent*>(self);
    const std::lock_guard lock(agent.mutex_);
    --agent.unanswered_;
    if (reason >= kFailures) agent.refused_ = true;
    agent.answered_.notify_one();
  }

  mosquitto* client_ = nullptr;
  std::mutex mutex_;  // protects what follows
  std::condition_variable answered_;
  std::int64_t unanswered_ = 0;
  bool refused_ = false;
};

using Agents = std::vector<std::unique_ptr<Agent>>;

std::string serial_of(const PublishLoad& load, std::int64_t agent) {
  return load.prefix + "-" + std::to_string(agent);
}

Status publish_all(const PublishLoad& load, const Agents& agents,
                   const std::function<void(std::int64_t)>& before) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < load.messages; ++i) {
    if (load.per_second > 0) {
      std::this_thread::sleep_until(begin +
                                    std::chrono::microseconds(i * 1'000'000 / load.per_second));
    }
    const std::int64_t number = load.from + i;
    const std::string text = std::to_string(number);
    std::string payload = text + " ";
    payload.resize(kPayloadBytes, 'x');
    Agent& agent = *agents[static_cast<std::size_t>(number % load.agents)];
    if (before) before(number);
    if (auto status = agent.publish(topic_of(load, number), payload, text); !status) return status;
  }
  for (const auto& agent : agents) {
    if (!agent->answered_down_to(0)) return fail("mqtt", "the broker has not taken everything");
  }
  return {};
}

}  // namespace

std::string topic_of(const PublishLoad& load, std::int64_t number) {
  const std::string session = std::to_string(number / load.agents % load.sessions);
  return "dmp/v1/" + serial_of(load, number % load.agents) + "/00000000-0000-4000-8000-" +
         std::string(12 - session.size(), '0') + session + "/update";
}

Status publish(const PublishLoad& load, const std::function<void(std::int64_t)>& before) {
  mosquitto_lib_init();
  Agents agents;
  for (std::int64_t i = 0; i < load.agents; ++i) {
    agents.push_back(std::make_unique<Agent>());
    if (auto status = agents.back()->connect(load, serial_of(load, i)); !status) return status;
  }
  return publish_all(load, agents, before);
}

}  // namespace dmp::bench
