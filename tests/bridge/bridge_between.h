// BridgeBetween: the real program between a real Mosquitto and an emulated Kafka.
#pragma once

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "tests/bridge/bridge_process.h"
#include "tests/bridge/scratch_folder.h"
#include "tests/fixtures/emulated_kafka.h"
#include "tests/fixtures/kafka_topics.h"
#include "tests/fixtures/waiting.h"

namespace dmp::bridge {

class BridgeBetween : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kPatience{60};
  static constexpr std::size_t kWindowMessages = 2000;
  static constexpr const char* kUpdates = "dmp.device-updates";
  static constexpr const char* kAgents = "dmp.agents";
  static constexpr const char* kCommands = "dmp.device-commands";
  static constexpr const char* kReplies = "dmp.command-replies";
  static inline const std::string kSession = "0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11";

  static bool shows(const BridgeProcess& bridge, const std::string& metric, double value) {
    return test::wait_for([&] { return bridge.metric(metric) == value; }, kPatience);
  }

  static std::string update_topic(const std::string& rae) {
    return "dmp/v1/" + rae + "/" + kSession + "/update";
  }
  static std::string command_topic(const std::string& rae) {
    return "dmp/v1/" + rae + "/" + kSession + "/command";
  }
  // As somebody writes it for the agents behind `bridge`, or for whom it concerns.
  static test::KafkaRecord command_record(const std::string& rae, const std::string& id,
                                          const std::string& bridge = "") {
    constexpr std::int64_t kMinuteUs = 60'000'000;
    test::KafkaRecord record{command_topic(rae), R"({"schema":1,"command_id":")" + id + "\"}"};
    record.headers = {{"dmp-expires-at", std::to_string(SystemClock().wall_us() + kMinuteUs)}};
    if (!bridge.empty()) record.headers.emplace_back("dmp-bridge", bridge);
    return record;
  }

  ScratchFolder folder_;
  test::EmulatedKafka kafka_{{{kUpdates, 1}, {kAgents, 1}, {kCommands, 1}, {kReplies, 1}}};
  MqttBroker broker_;
  BridgeProcess bridge_{
      BridgeProcess::arguments(broker_, kafka_.brokers(), folder_.file("window"), kWindowMessages)};
};

}  // namespace dmp::bridge
