#include "tests/canary/stand_in_bridge.h"

#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/tcp_connections.h"
#include "schema/codec.h"
#include "schema/topics.h"
#include "tests/fixtures/waiting.h"

namespace dmp::canary {
namespace {

// What stands between the end of `before`, which was found at `at`, and the next of `ends`.
std::string after(const std::string& text, std::size_t at, std::string_view before,
                  const char* ends) {
  DMP_CHECK(at != std::string::npos);
  const std::size_t begin = at + before.size();
  return text.substr(begin, text.find_first_of(ends, begin) - begin);
}

BrokerAccess access_to(const test::Mosquitto& broker) {
  return {"127.0.0.1", port_of(broker.uri()), broker.file("ca.crt"), broker.file("."), 60};
}

}  // namespace

StandInBridge::StandInBridge(const test::Mosquitto& broker, int leave_out_every_nth)
    : fleet_(access_to(broker), 1, clock_), leave_out_(leave_out_every_nth) {
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  DMP_CHECK(test::wait_for([this] { return subscribed_.load(); }));
}

StandInBridge::~StandInBridge() {
  thread_.request_stop();
  thread_.join();
}

void StandInBridge::serve(const std::stop_token& stop) {
  DMP_CHECK(fleet_.connect(0, {test::Mosquitto::kBridge, "dmp/v1/x/agent/confirm", "gone"}));
  std::vector<FleetEvent> events;
  while (!stop.stop_requested()) {
    events.clear();
    fleet_.poll(clock_.steady() + std::chrono::milliseconds(20), events);
    for (const FleetEvent& event : events) {
      if (event.kind == FleetEvent::Kind::kConnected) {
        DMP_CHECK(fleet_.subscribe(0, "dmp/v1/+/+/update"));
      }
      if (event.kind == FleetEvent::Kind::kSubscribed) subscribed_ = true;
      if (event.kind == FleetEvent::Kind::kMessage) confirm(event.text);
    }
  }
}

void StandInBridge::confirm(const std::string& update) {
  if (leave_out_ > 0 && ++taken_ % leave_out_ == 0) return;
  // The message's own stamp comes before its facets, whose identity says which client it is.
  constexpr std::string_view kStamp = "\"timestamp\":", kSerial = "\"serial\":\"";
  const std::string stamp = after(update, update.find(kStamp), kStamp, ",}");
  const std::string serial = after(update, update.rfind(kSerial), kSerial, "\"");
  const Confirm said{{1}, {stamp}, {}};
  (void)fleet_.publish(
      0, {agent_topic(*RaeSerial::parse(serial), TopicKind::kConfirm), encode(said), {}, {}});
}

}  // namespace dmp::canary
