#include "tests/bench/publish_load.h"

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "base/tcp_connections.h"
#include "canary/adapters/mosquitto_fleet.h"
#include "schema/topics.h"

namespace dmp::bench {
namespace {

using canary::FleetEvent;

constexpr std::int64_t kUnansweredMax = 200;  // of one agent
constexpr std::chrono::seconds kPatience{60};

std::string serial_of(const PublishLoad& load, std::int64_t agent) {
  return load.prefix + "-" + std::to_string(agent);
}

// All agents on one thread, so that they take little of the machine that they load.
class Agents {
 public:
  explicit Agents(const PublishLoad& load)
      : fleet_({.host = "127.0.0.1",
                .port = port_of(load.uri),
                .ca = load.pki + "/ca.crt",
                .certificates = load.pki},
               static_cast<int>(load.agents), clock_),
        unanswered_(static_cast<std::size_t>(load.agents)) {
    for (std::int64_t i = 0; i < load.agents; ++i) {
      confirm_topics_.push_back(
          agent_topic(*RaeSerial::parse(serial_of(load, i)), TopicKind::kConfirm));
    }
  }

  Status connect(const PublishLoad& load) {
    for (std::int64_t i = 0; i < load.agents; ++i) {
      const canary::Introduction introduction{.serial = serial_of(load, i)};
      if (auto status = fleet_.connect(static_cast<int>(i), introduction); !status) return status;
    }
    return serve_until([&] { return connected_ == load.agents; }, "not all could connect");
  }

  Status publish(std::int64_t agent, const canary::Outgoing& message) {
    std::int64_t& unanswered = unanswered_[static_cast<std::size_t>(agent)];
    if (auto status = serve_until([&] { return unanswered < kUnansweredMax; }, kSilent); !status) {
      return status;
    }
    const auto sent = fleet_.publish(static_cast<int>(agent), message);
    if (!sent) return tl::unexpected(sent.error());
    ++unanswered;
    return {};
  }

  Status serve_until(SteadyTime time) {
    while (clock_.steady() < time) {
      if (auto status = serve(time); !status) return status;
    }
    return {};
  }

  Status finish() {
    const auto is_answered = [](std::int64_t unanswered) { return unanswered == 0; };
    return serve_until([&] { return std::ranges::all_of(unanswered_, is_answered); }, kSilent);
  }

  [[nodiscard]] const std::string& confirm_topic(std::int64_t agent) const {
    return confirm_topics_[static_cast<std::size_t>(agent)];
  }
  [[nodiscard]] SteadyTime now() const { return clock_.steady(); }

 private:
  static constexpr const char* kSilent = "the broker does not answer";

  template <class Condition>
  Status serve_until(Condition done, const char* trouble) {
    const SteadyTime deadline = clock_.steady() + kPatience;
    while (!done()) {
      if (clock_.steady() >= deadline) return fail("mqtt", trouble);
      if (auto status = serve(deadline); !status) return status;
    }
    return {};
  }

  Status serve(SteadyTime deadline) {
    events_.clear();
    fleet_.poll(deadline, events_);
    for (const FleetEvent& event : events_) {
      if (auto status = on(event); !status) return status;
    }
    return {};
  }

  Status on(const FleetEvent& event) {
    switch (event.kind) {
      case FleetEvent::Kind::kConnected:
        ++connected_;
        return {};
      case FleetEvent::Kind::kAcknowledged:
        --unanswered_[static_cast<std::size_t>(event.client)];
        if (event.code < canary::kFirstRefusal) return {};
        return fail("mqtt", "the broker refused a message: " + std::to_string(event.code));
      case FleetEvent::Kind::kRefused:
      case FleetEvent::Kind::kDisconnected:
        return fail("mqtt", "agent " + std::to_string(event.client) + ": " + event.text);
      case FleetEvent::Kind::kSubscribed:
      case FleetEvent::Kind::kMessage:
      case FleetEvent::Kind::kLeft:
        return {};
    }
    return {};
  }

  SystemClock clock_;
  canary::MosquittoFleet fleet_;
  std::vector<FleetEvent> events_;
  std::vector<std::string> confirm_topics_;  // of each agent
  std::vector<std::int64_t> unanswered_;     // of each agent
  std::int64_t connected_ = 0;
};

std::string payload_of(const std::string& number) {
  std::string payload = number + " ";
  payload.resize(kPayloadBytes, 'x');
  return payload;
}

}  // namespace

std::string topic_of(const PublishLoad& load, std::int64_t number) {
  const std::string session = std::to_string(number / load.agents % load.sessions);
  return "dmp/v1/" + serial_of(load, number % load.agents) + "/00000000-0000-4000-8000-" +
         std::string(12 - session.size(), '0') + session + "/update";
}

Status publish(const PublishLoad& load, const std::function<void(std::int64_t)>& before) {
  Agents agents(load);
  if (auto status = agents.connect(load); !status) return status;
  const SteadyTime begin = agents.now();
  for (std::int64_t i = 0; i < load.messages; ++i) {
    if (load.per_second > 0) {
      const auto due = begin + std::chrono::microseconds(i * 1'000'000 / load.per_second);
      if (auto status = agents.serve_until(due); !status) return status;
    }
    const std::int64_t number = load.from + i;
    const std::string text = std::to_string(number);
    if (before) before(number);
    const std::int64_t agent = number % load.agents;
    const canary::Outgoing message{.topic = topic_of(load, number),
                                   .payload = payload_of(text),
                                   .response_topic = agents.confirm_topic(agent),
                                   .correlation = text};
    if (auto status = agents.publish(agent, message); !status) return status;
  }
  return agents.finish();
}

}  // namespace dmp::bench
