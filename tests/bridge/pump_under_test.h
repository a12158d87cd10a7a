// A pump with all that is its own, between a fake broker and a fake Kafka, on a clock that tests
// move.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bridge/adapters/memory_window.h"
#include "bridge/pump.h"
#include "schema/codec.h"
#include "schema/topics.h"
#include "tests/bridge/fakes.h"

namespace dmp::bridge {

class PumpTest : public testing::Test {
 protected:
  static constexpr WaterMarks kMarks{
      .high_bytes = 1 << 20, .low_bytes = 1 << 19, .high_messages = 20, .low_messages = 10};

  void receive(const std::string& payload, const std::string& correlation = "",
               const std::string& rae = "rae-1") {
    deliver("dmp/v1/" + rae + "/0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11/update", payload, correlation);
  }

  void deliver(const std::string& topic, const std::string& payload,
               const std::string& correlation = "") {
    Message message;
    message.topic = topic;
    message.payload = payload;
    message.correlation = correlation;
    source_.deliver(message);
  }

  // Of rae-1.
  void say(std::int64_t timestamp, AgentStatus status) {
    deliver("dmp/v1/rae-1/agent/presence", encode(AgentPresence{{timestamp}, status, ""}));
    turn();
  }

  // To rae-1.
  void write_command() {
    Command command;
    command.topic = "dmp/v1/rae-1/0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11/command";
    command.payload = R"({"schema":1,"command_id":"c-1"})";
    command.expires_at = clock_.wall_us() + 60'000'000;
    commands_.write(0, command);
    turn();
  }

  [[nodiscard]] std::ptrdiff_t replies() const {
    return std::ranges::count(sink_.stored, kafka::kCommandReplies, &test::KafkaRecord::topic);
  }

  [[nodiscard]] std::ptrdiff_t heartbeats() const {
    return std::ranges::count(sink_.stored, kafka::kAgents, &test::KafkaRecord::topic);
  }

  void turn(int times = 4) {
    for (int i = 0; i < times; ++i) pump_.turn();
  }

  // Lets a step of time pass and everything settle.
  void pass(std::chrono::milliseconds step) {
    clock_.advance(step);
    turn();
  }

  [[nodiscard]] std::vector<std::string> stored() const {
    std::vector<std::string> payloads;
    for (const test::KafkaRecord& record : sink_.stored) {
      if (record.topic == kafka::kDeviceUpdates) payloads.push_back(record.value);
    }
    return payloads;
  }

  ManualClock clock_;
  Metrics metrics_;
  Instruments instruments_{metrics_};
  Wake wake_;
  MemoryWindow window_{4 * 1024 * 1024, 40};
  FakeSource source_{window_, kMarks};
  FakeSink sink_;
  Uplink uplink_{"bridge-1", *Routes::make(uplink_routes()), window_, sink_, clock_, instruments_};
  FakeCommands commands_;
  Downlink downlink_{"bridge-1",        commands_, source_,     uplink_.presences(),
                     uplink_.replies(), clock_,    instruments_};
  Pump pump_{kMarks, 1, uplink_, downlink_, window_, source_, wake_, clock_, instruments_};
};

}  // namespace dmp::bridge
