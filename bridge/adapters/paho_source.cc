#include "bridge/adapters/paho_source.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "bridge/adapters/batch_paho.h"
#include "bridge/adapters/paho_connection.h"

namespace dmp::bridge {
namespace {

constexpr std::chrono::seconds kSubscribePatience{10};

}  // namespace

PahoSource::PahoSource(MqttOptions options, Window& window, Wake& wake, const Clock& clock)
    : options_(std::move(options)), window_(window), wake_(wake), clock_(clock) {
  DMP_CHECK(!options_.filters.empty());
  begin_connection();
}

PahoSource::~PahoSource() { release_paho(); }

void PahoSource::begin_connection() {
  connection_ = std::make_unique<PahoConnection>(options_, window_, wake_, clock_);
}

void PahoSource::connect() {
  DMP_CHECK(state_ == State::kDown);
  if (connection_->was_up()) {
    ended_ = std::move(connection_);
    begin_connection();
  }
  state_ = State::kConnecting;
  connection_->connect();
}

void PahoSource::disconnect() {
  DMP_CHECK(state_ == State::kUp);
  state_ = State::kLeaving;
  connection_->disconnect();
}

// One filter after the other: for several at once Paho C++ 1.2.0 passes the options on as a null
// pointer and the reason codes back as garbage.
void PahoSource::subscribe_next() {
  subscribe_deadline_ = clock_.steady() + kSubscribePatience;
  connection_->subscribe(options_.filters[subscribed_filters_]);
}

// A session that was kept holds our subscriptions, which are only repeated: the broker's answer may
// be behind all that it has queued for us.
std::optional<SourceEvent> PahoSource::connected(bool session_present) {
  state_ = session_present ? State::kUp : State::kSubscribing;
  subscribed_filters_ = 0;
  subscribe_next();
  if (!session_present) return std::nullopt;
  return SourceEvent{SourceEvent::Kind::kUp, true, {}};
}

std::optional<SourceEvent> PahoSource::subscribed_one() {
  if (++subscribed_filters_ < options_.filters.size()) {
    subscribe_next();
    return std::nullopt;
  }
  if (state_ == State::kUp) return std::nullopt;
  state_ = State::kUp;
  return SourceEvent{SourceEvent::Kind::kUp, false, {}};
}

SourceEvent PahoSource::down(const std::string& reason) {
  state_ = State::kDown;
  if (connection_->was_up()) connection_->close();
  release_paho();
  return {SourceEvent::Kind::kDown, false, reason};
}

// Ends a connection that is of no use; kLeft follows.
void PahoSource::break_off(const std::string& reason) {
  log_warning("mqtt_subscribe_failed", {{"reason", reason}});
  state_ = State::kLeaving;
  connection_->disconnect();
}

std::optional<SourceEvent> PahoSource::advance(const Happening& happening) {
  switch (happening.kind) {
    case Happening::Kind::kConnected:
      // Only now: the end of Paho's last connected client makes it stop its threads, which takes a
      // second.
      ended_.reset();
      return connected(happening.session_present);
    case Happening::Kind::kSubscribed:
      if (state_ != State::kLeaving) return subscribed_one();
      return std::nullopt;
    case Happening::Kind::kSubscribeFailed:
      if (state_ != State::kLeaving) break_off(happening.reason);
      return std::nullopt;
    case Happening::Kind::kAnswered:
      return SourceEvent{SourceEvent::Kind::kAnswered, false, happening.reason, happening.ticket};
    case Happening::Kind::kConnectFailed:
    case Happening::Kind::kLost:
    case Happening::Kind::kLeft:
      return down(happening.reason);
  }
  return std::nullopt;
}

std::optional<SourceEvent> PahoSource::poll() {
  while (state_ != State::kDown) {
    const auto happening = connection_->poll();
    if (!happening) break;
    if (auto event = advance(*happening)) return event;
  }
  if (state_ == State::kSubscribing && clock_.steady() >= subscribe_deadline_) {
    break_off("the broker did not answer");
  }
  return std::nullopt;
}

void PahoSource::read_on() { release_paho(); }

Status PahoSource::publish(const Publish& message) {
  if (state_ != State::kUp) return fail("mqtt_down", "MQTT is not connected", Retry::kYes);
  return connection_->publish(message);
}

}  // namespace dmp::bridge
