#include "bridge/adapters/paho_source.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "bridge/adapters/batch_paho.h"
#include "bridge/adapters/paho_connection.h"

namespace dmp::bridge {
namespace {

// For the answer to a subscription: while nothing comes, and while messages do.
constexpr std::chrono::seconds kSubscribePatience{10};
constexpr std::chrono::minutes kSubscribeMost{10};

}  // namespace

PahoSource::PahoSource(MqttOptions options, Window& window, Wake& wake, const Clock& clock)
    : options_(std::move(options)), window_(window), wake_(wake), clock_(clock) {
  DMP_CHECK(!options_.filters.empty());
  begin_connection();
}

PahoSource::~PahoSource() {
  ended_.reset();
  connection_.reset();
  release_paho();
}

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
  if (state_ == State::kLeaving) return;  // for a reason of our own
  DMP_CHECK(is_up());
  state_ = State::kLeaving;
  connection_->disconnect();
}

// One call for each filter: for several in one, Paho C++ 1.2.0 passes the options on as a null
// pointer and the reason codes back as garbage.
SourceEvent PahoSource::connected(bool session_present) {
  state_ = State::kSubscribing;
  unanswered_filters_ = options_.filters.size();
  arrived_ = 0;
  connected_at_ = clock_.steady();
  give_up_at_ = connected_at_ + kSubscribePatience;
  for (const std::string& filter : options_.filters) connection_->subscribe(filter);
  return {SourceEvent::Kind::kUp, session_present, {}};
}

std::optional<SourceEvent> PahoSource::subscribed_one() {
  if (--unanswered_filters_ > 0) return std::nullopt;
  state_ = State::kUp;
  return SourceEvent{SourceEvent::Kind::kSubscribed, false, {}};
}

// The answer may be behind a long queue, which counts as one.
void PahoSource::look_after_subscriptions() {
  if (state_ != State::kSubscribing) return;
  const SteadyTime now = clock_.steady();
  const std::uint64_t arrived = connection_->arrived();
  if (arrived != arrived_) {
    give_up_at_ = std::min(now + kSubscribePatience, connected_at_ + kSubscribeMost);
  }
  arrived_ = arrived;
  if (now >= give_up_at_) break_off("the broker did not answer a subscription");
}

SourceEvent PahoSource::down(const std::string& reason) {
  state_ = State::kDown;
  if (connection_->was_up()) connection_->close();
  release_paho();
  const std::string ours = std::exchange(why_broken_off_, {});
  return {SourceEvent::Kind::kDown, false, ours.empty() ? reason : ours};
}

// Ends a connection that is of no use; kLeft follows.
void PahoSource::break_off(const std::string& reason) {
  why_broken_off_ = reason;
  state_ = State::kLeaving;
  connection_->disconnect();
}

std::optional<SourceEvent> PahoSource::advance(const Happening& happening) {
  switch (happening.kind) {
    case Happening::Kind::kConnected:
      // Only now: the end of Paho's last connected client makes it stop its threads, which takes a
      // second.
      ended_.reset();
      if (happening.reason.empty()) return connected(happening.session_present);
      break_off(happening.reason);
      return std::nullopt;
    case Happening::Kind::kSubscribed:
      if (state_ == State::kSubscribing) return subscribed_one();
      return std::nullopt;
    case Happening::Kind::kSubscribeFailed:
      if (state_ == State::kSubscribing) break_off(happening.reason);
      return std::nullopt;
    case Happening::Kind::kAnswered:
      return SourceEvent{SourceEvent::Kind::kAnswered, false, happening.reason, happening.ticket,
                         happening.unheard};
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
  look_after_subscriptions();
  if (const auto number = connection_->take_echo()) {
    return SourceEvent{SourceEvent::Kind::kEchoed, false, {}, *number};
  }
  return std::nullopt;
}

void PahoSource::read_on() { connection_->read_on(); }

Status PahoSource::publish(const Publish& message) {
  if (!is_up()) return fail("mqtt_down", "MQTT is not connected", Retry::kYes);
  return connection_->publish(message);
}

void PahoSource::echo(std::uint64_t number) {
  if (!is_up()) return;
  if (const auto sent = connection_->echo(number); !sent) {
    log_warning("echo_not_sent", {{"reason", sent.error().message}});
  }
}

}  // namespace dmp::bridge
