// The program dmp-bridge, with a broker and a Kafka of the test.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

#include "tests/bridge/mqtt_broker.h"

namespace dmp::bridge {

class BridgeProcess {
 public:
  // What every bridge needs to be told.
  static std::vector<std::string> arguments(const MqttBroker& broker, const std::string& kafka,
                                            const std::string& window_file,
                                            std::size_t window_messages);

  explicit BridgeProcess(const std::vector<std::string>& arguments);
  ~BridgeProcess();  // as kill()
  BridgeProcess(const BridgeProcess&) = delete;
  BridgeProcess& operator=(const BridgeProcess&) = delete;

  // Whether it says so within that time, `times` times since its start.
  bool says(const std::string& word, std::chrono::milliseconds time, int times = 1);
  void send(int signal) const;
  // As kill -9; afterwards said() is all it said.
  void kill();
  // Lets it work for that long.
  void work(std::chrono::milliseconds time) { says("(never)", time); }
  [[nodiscard]] const std::string& said() const { return said_; }
  [[nodiscard]] int count(const std::string& word) const;
  // A counter or gauge as its admin port tells it; -1 if it tells none.
  [[nodiscard]] double metric(const std::string& name) const;
  // The most memory it ever had.
  [[nodiscard]] double peak_rss_mib() const;

 private:
  pid_t pid_ = -1;
  int log_ = -1;
  std::string said_;
};

}  // namespace dmp::bridge
