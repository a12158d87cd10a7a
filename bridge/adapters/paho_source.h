// PahoSource: the Source on Paho C++, MQTT 5 with a durable session.
//
// Paho acknowledges a message when its callback returns. So the callback copies it into the window
// and returns, and nothing more is read if the window is at high water by then; if it has no room
// the connection is shut down instead, the acknowledgement goes nowhere, and the broker sends the
// message again.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "bridge/core/valve.h"
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
  std::string echo_topic = {};           // what comes there is our own; among the filters, or empty
  std::optional<WaterMarks> marks = {};  // of the window; nullopt: reads until it is full
  int receive_max = 200;  // messages the broker may send ahead of their acknowledgement
  std::chrono::seconds session_expiry = std::chrono::days(7);
  std::chrono::seconds keepalive{30};
};

class PahoConnection;
struct Happening;

class PahoSource final : public Source {
 public:
  // All but the options must outlive it; the window is appended to from Paho's thread.
  PahoSource(MqttOptions options, Window& window, Wake& wake, const Clock& clock);
  ~PahoSource() override;

  void connect() override;
  void disconnect() override;
  std::optional<SourceEvent> poll() override;
  void read_on() override;
  Status publish(const Publish& message) override;
  void echo(std::uint64_t number) override;

 private:
  enum class State { kDown, kConnecting, kSubscribing, kUp, kLeaving };

  void begin_connection();
  std::optional<SourceEvent> advance(const Happening& happening);
  SourceEvent connected(bool session_present);
  std::optional<SourceEvent> subscribed_one();
  void look_after_subscriptions();
  [[nodiscard]] bool is_up() const { return state_ == State::kSubscribing || state_ == State::kUp; }
  void break_off(const std::string& reason);
  SourceEvent down(const std::string& reason);

  const MqttOptions options_;
  Window& window_;
  Wake& wake_;
  const Clock& clock_;

  State state_ = State::kDown;
  std::size_t unanswered_filters_ = 0;
  std::uint64_t arrived_ = 0;  // messages, when we looked last
  SteadyTime connected_at_{};
  SteadyTime give_up_at_{};     // if no answer comes
  std::string why_broken_off_;  // by us; empty: it is not
  std::unique_ptr<PahoConnection> connection_;
  std::unique_ptr<PahoConnection> ended_;  // until the next one stands
};

}  // namespace dmp::bridge
