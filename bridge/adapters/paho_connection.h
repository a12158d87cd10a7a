// PahoConnection: an MQTT 5 client by Paho C++ and what it tells, for one connection that stood.
//
// Paho C++ 1.2.0 with Paho C 1.3.12 cannot be trusted beyond that: it keeps publishes that were
// unanswered when a connection ended, refuses a connect() while an earlier disconnect() is queued,
// and then calls a token back that it has freed. An attempt that failed may be repeated.
// Paho's threads append to the window, push events and wake the loop; the rest is for the loop.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <MQTTAsync.h>
#include <mqtt/async_client.h>

#include "base/bounded_queue.h"
#include "bridge/adapters/paho_source.h"
#include "bridge/ports.h"
#include "bridge/wake.h"

namespace dmp::bridge {

// What Paho's threads have to tell the loop.
struct Happening {
  enum class Kind {
    kConnected,
    kConnectFailed,
    kSubscribed,
    kSubscribeFailed,
    kAnswered,  // the broker's word on a publish that somebody waits for
    kLost,
    kLeft,
  };
  Kind kind;
  bool session_present = false;  // of kConnected
  std::uint64_t ticket = 0;      // of kAnswered
  // Of failures. Of kAnswered, empty: by success. Of kConnected, not empty: why the connection is
  // of no use.
  std::string reason = {};
  bool unheard = false;  // of kAnswered: nobody is subscribed
};

class PahoConnection {
 public:
  static constexpr int kPublishesMax = 1024;  // without an answer

  // All but the options must outlive it.
  PahoConnection(const MqttOptions& options, Window& window, Wake& wake, const Clock& clock);
  ~PahoConnection();
  PahoConnection(const PahoConnection&) = delete;
  PahoConnection& operator=(const PahoConnection&) = delete;

  // Each is followed by its Happening, whatever becomes of it.
  void connect();
  void subscribe(const std::string& filter);
  void disconnect();

  // Followed by kAnswered if `ticket` is not 0 and the connection lasts until then.
  Status publish(const Publish& message);
  // A message to ourselves; it may come back.
  Status echo(std::uint64_t number);

  // Reads again, if it had stopped and the window is not high any more.
  void read_on() const;

  std::optional<Happening> poll() { return happenings_.try_pop(); }

  // It has ended: what Paho still holds of it is nobody's any more.
  void close() { closed_ = true; }
  [[nodiscard]] bool was_up() const { return was_up_; }
  // The number of the newest message to ourselves that is back, once.
  std::optional<std::uint64_t> take_echo();
  // Messages since it stood.
  [[nodiscard]] std::uint64_t arrived() const { return arrived_; }

 private:
  // Outcome of one kind of asynchronous call, on Paho's threads.
  class Outcome final : public mqtt::iaction_listener {
   public:
    using Report = std::function<void(const mqtt::token&, bool good)>;
    explicit Outcome(Report report) : report_(std::move(report)) {}
    void on_success(const mqtt::token& token) override { report_(token, true); }
    void on_failure(const mqtt::token& token) override { report_(token, false); }

   private:
    Report report_;
  };

  void prepare_connect(const MqttOptions& options);
  [[nodiscard]] std::string why_lossy(const mqtt::properties& granted) const;

  // On Paho's threads.
  void tell(Happening happening) noexcept;
  void answered(const mqtt::token& token, bool good);
  static int on_arrived(void* self, char* topic, int length, MQTTAsync_message* message) noexcept;
  [[nodiscard]] bool is_high() const;
  void on_message(std::string_view topic, const MQTTAsync_message& received) noexcept;
  void on_echo(const MQTTAsync_message& received) noexcept;

  const std::string uri_;
  const std::string echo_topic_;
  const int port_;
  const std::chrono::seconds session_expiry_;
  Window& window_;
  const std::optional<WaterMarks> marks_;
  Wake& wake_;
  const Clock& clock_;
  BoundedQueue<Happening> happenings_;
  std::atomic<int> unanswered_ = 0;
  std::atomic<bool> was_up_ = false;
  std::atomic<std::uint64_t> arrived_ = 0;
  std::atomic<std::uint64_t> echo_ = 0;  // 0: none
  std::atomic<bool> closed_ = false;
  // Once a message was refused, all are: none may overtake it.
  std::atomic<bool> refusing_ = false;

  Outcome connected_;
  Outcome subscribed_;
  Outcome left_;
  Outcome published_;
  // Kept as long as the client: Paho C++ 1.2.0 keeps pointing into this very object.
  mqtt::connect_options connect_options_;
  mqtt::async_client client_;  // last: its end stops the callbacks above
};

}  // namespace dmp::bridge
