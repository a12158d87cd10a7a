// Fakes of the bridge's ports. FakeSink and FakeSource pass the same contract tests as the real
// adapters.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "bridge/core/valve.h"
#include "bridge/ports.h"
#include "tests/fixtures/kafka_record.h"

namespace dmp::bridge {

class ManualClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t wall_us() const override { return wall_us_; }
  [[nodiscard]] SteadyTime steady() const override { return steady_; }
  void advance(std::chrono::milliseconds step) {
    steady_ += step;
    wall_us_ += std::chrono::microseconds(step).count();
  }

 private:
  SteadyTime steady_{std::chrono::hours(1)};
  std::int64_t wall_us_ = 1'700'000'000'000'000;
};

// Kafka as one log. Like a real batch, everything sent between two polls is refused together if one
// record of it is too large.
class FakeSink final : public Sink {
 public:
  std::size_t pending_max = 1000;
  // Per topic, as Kafka's max.message.bytes; a topic that is not here takes everything.
  std::map<std::string, std::size_t> payload_bytes_max;
  std::string hung;     // the topic of which nothing is stored or reported
  std::string failing;  // the topic whose records break the sink

  bool send(std::uint64_t ticket, const Record& record) override {
    if (broken_ || pending_.size() == pending_max) return false;
    test::KafkaRecord copy;
    copy.topic = record.topic;
    copy.key = record.key;
    for (const Header& header : record.headers)
      copy.headers.emplace_back(header.name, header.value);
    pending_.push_back({ticket, std::move(copy), record.payload});
    return true;
  }

  std::vector<Delivery> poll() override {
    std::vector<Delivery> reports;
    if (down_ || broken_) return reports;
    bool refused = false;
    for (const Pending& each : pending_) {
      const auto limit = payload_bytes_max.find(each.record.topic);
      refused =
          refused || (limit != payload_bytes_max.end() && each.payload.size() > limit->second);
    }
    std::vector<Pending> hanging;
    for (Pending& each : pending_) {
      const bool fails = each.record.topic == failing;
      if (fails) broken_ = Error{"kafka_failed", "topic " + failing, Retry::kYes};
      if (fails || each.record.topic == hung) {
        hanging.push_back(std::move(each));
        continue;
      }
      reports.push_back({each.ticket, std::nullopt});
      if (refused) {
        reports.back().rejection = Error{"too_large", "the batch is too large", Retry::kNo};
        continue;
      }
      each.record.value = each.payload;  // read late, as a real producer does
      stored.push_back(std::move(each.record));
    }
    pending_ = std::move(hanging);
    return reports;
  }

  [[nodiscard]] std::optional<Error> broken() const override { return broken_; }

  Status rebuild() override {
    ++rebuilds;
    for (const Pending& each : pending_) forgotten.emplace_back(each.payload);
    pending_.clear();
    broken_.reset();
    return {};
  }

  // While down nothing is stored or reported.
  void set_down(bool down) { down_ = down; }
  // Stores the first `count` of what is pending without ever reporting it, and breaks.
  void break_after_storing(std::size_t count) {
    for (std::size_t i = 0; i < count && i < pending_.size(); ++i) {
      pending_[i].record.value = pending_[i].payload;
      stored.push_back(pending_[i].record);
    }
    broken_ = Error{"kafka_failed", "fatal", Retry::kYes};
  }
  [[nodiscard]] std::size_t pending() const { return pending_.size(); }

  std::vector<test::KafkaRecord> stored;
  std::vector<std::string> forgotten;  // payloads that rebuild() gave up, as they were then
  int rebuilds = 0;

 private:
  struct Pending {
    std::uint64_t ticket;
    test::KafkaRecord record;
    std::string_view payload;
  };

  std::vector<Pending> pending_;
  bool down_ = false;
  std::optional<Error> broken_ = Error{"not_started", "not started", Retry::kYes};
};

// A broker with one session.
class FakeSource final : public Source {
 public:
  explicit FakeSource(Window& window, std::optional<WaterMarks> read_until = {})
      : marks(read_until), window_(window) {}

  void connect() override {
    ++connects;
    if (!broker_down) {
      up_ = true;
      events_.push_back({SourceEvent::Kind::kUp, session_kept && had_session_, {}});
      had_session_ = true;
      is_subscribed_ = false;
      redeliver();
    } else {
      events_.push_back({SourceEvent::Kind::kDown, false, "refused"});
    }
  }

  void disconnect() override {
    up_ = false;
    is_holding_ = false;
    events_.push_back({SourceEvent::Kind::kDown, false, "left"});
  }

  std::optional<SourceEvent> poll() override {
    if (events_.empty()) return std::nullopt;
    SourceEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

  void read_on() override {
    is_holding_ = is_high();
    if (up_) redeliver();
  }

  Status publish(const Publish& message) override {
    if (!up_) return fail("mqtt_down", "down", Retry::kYes);
    if (published.size() >= publishes_max) return fail("mqtt_busy", "busy", Retry::kYes);
    published.push_back(message);
    if (message.ticket != 0 && answers_at_once) answer(message.ticket, "", !is_heard);
    return {};
  }

  void echo(std::uint64_t number) override {
    if (up_ && !is_deaf) events_.push_back({SourceEvent::Kind::kEchoed, false, {}, number});
  }

  // The broker's word on a message; `refusal` is empty if it takes it, `unheard` if for nobody.
  void answer(std::uint64_t ticket, const std::string& refusal = "", bool unheard = false) {
    events_.push_back({SourceEvent::Kind::kAnswered, false, refusal, ticket, unheard});
  }

  // A message for the bridge: into the window, or kept until it comes back.
  void deliver(Message message) {
    if (up_ && !is_holding_ && append(message)) return;
    const bool is_lost = up_ && !is_holding_;
    queued_.push_back({std::string(message.topic), std::string(message.payload), is_lost});
    if (is_lost) lose();
  }

  // The connection breaks.
  void lose() {
    up_ = false;
    is_holding_ = false;
    events_.push_back({SourceEvent::Kind::kDown, false, "lost"});
  }

  [[nodiscard]] bool is_up() const { return up_; }

  std::optional<WaterMarks> marks;
  std::vector<Publish> published;
  bool answers_at_once = true;
  bool is_deaf = false;  // hears nothing of itself
  bool is_heard = true;  // somebody is subscribed to what we publish
  bool withholds_subscribed = false;
  std::size_t publishes_max = 1000;  // in all; more is too much to send
  bool broker_down = false;
  bool session_kept = true;
  int connects = 0;

 private:
  struct Queued {
    std::string topic;
    std::string payload;
    bool was_sent;
  };

  bool append(const Message& message) {
    const bool kept = window_.append(bounded(message));
    is_holding_ = kept && is_high();
    return kept;
  }

  [[nodiscard]] bool is_high() const {
    const WindowLevel level = window_.level();
    return marks && marks->is_high(level.bytes, level.messages);
  }

  void redeliver() {
    while (!queued_.empty() && !is_holding_) {
      Message message;
      message.topic = queued_.front().topic;
      message.payload = queued_.front().payload;
      message.duplicate = queued_.front().was_sent;
      if (!append(message)) {
        queued_.front().was_sent = true;
        return lose();
      }
      queued_.pop_front();
    }
    if (!queued_.empty() || is_subscribed_ || withholds_subscribed) return;
    is_subscribed_ = true;
    events_.push_back({SourceEvent::Kind::kSubscribed, false, {}});
  }

  Window& window_;
  std::deque<SourceEvent> events_;
  std::deque<Queued> queued_;
  bool up_ = false;
  bool is_holding_ = false;
  bool is_subscribed_ = false;
  bool had_session_ = false;
};

// A topic of commands with one group's offsets.
class FakeCommands final : public Commands {
 public:
  void write(std::int32_t partition, Command command) {
    command.partition = partition;
    command.offset = static_cast<std::int64_t>(topic_[partition].size());
    topic_[partition].push_back(std::move(command));
  }

  void begin() override {
    is_reading_ = true;
    next_ = committed;
  }
  void end() override { is_reading_ = false; }

  std::optional<Command> take() override {
    if (!is_reading_) return std::nullopt;
    for (const auto& [partition, commands] : topic_) {
      auto& next = next_[partition];
      if (next < static_cast<std::int64_t>(commands.size())) {
        return commands[static_cast<std::size_t>(next++)];
      }
    }
    return std::nullopt;
  }

  void done(std::int32_t partition, std::int64_t next) override { committed[partition] = next; }
  [[nodiscard]] std::string trouble() const override { return ""; }

  std::map<std::int32_t, std::int64_t> committed;

 private:
  std::map<std::int32_t, std::vector<Command>> topic_;
  std::map<std::int32_t, std::int64_t> next_;
  bool is_reading_ = false;
};

}  // namespace dmp::bridge
