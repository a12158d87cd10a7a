// PahoSource: the Source on Paho C++, MQTT 5 with a durable session.
//
// Paho acknowledges a message when its callback returns. So the callback copies it into the window
// and returns; if the window has no room it shuts the connection down instead, the acknowledgement
// goes nowhere, and the broker sends the message again.
// Paho's threads only append to the window, push events and wake the loop.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "bridge/ports.h"
#include "bridge/wake.h"

namespace dmp::bridge {

struct MqttOptions {
  std::string uri;        // ssl://host:port, or tcp://host:port without the three files
  std::string client_id;  // and certificate CN
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  std::vector<std::string> filters;
  int receive_max = 500;  // messages the broker may send ahead of their acknowledgement
  std::chrono::seconds session_expiry = std::chrono::days(7);
  std::chrono::seconds keepalive{30};
};

class PahoSource final : public Source {
 public:
  // All four must outlive it; the window is appended to from Paho's thread.
  PahoSource(MqttOptions options, Window& window, Wake& wake, const Clock& clock);
  ~PahoSource() override;

  void connect() override;
  void disconnect() override;
  std::optional<SourceEvent> poll() override;
  Status publish(const std::string& topic, const std::string& payload,
                 std::chrono::seconds expiry) override;

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace dmp::bridge
