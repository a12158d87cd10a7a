#include "canary/core/verdict.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <utility>

namespace dmp::canary {
namespace {

// A program whose metrics did not answer for so long did not run either.
constexpr double kAwayS = 2;
// Of an update's time until it is confirmed or visible: whose share is that much is to blame.
constexpr double kMostOfIt = 0.5;
constexpr double kSlowStatementMs = 300;
// Half the clients' keepalive: a broker ends sessions that were silent for longer than that and a
// whole one.
constexpr double kMissesKeepaliveMs = 10'000;

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

class Judge {
 public:
  Judge(const Figures& figures, const Budgets& budgets) : figures_(figures), budgets_(budgets) {}

  // Whether connections ended that nobody ended here. Being late does not end one; being silent for
  // longer than the broker waits does.
  bool connections() {
    const bool are_lost = counted("disconnected", "connections were lost");
    was_silent_ = are_lost && at("wire_late_max_ms") >= kMissesKeepaliveMs;
    are_cut_ = are_lost && !was_silent_;
    if (was_silent_) {
      note("the canary itself was silent for up to " + shown(at("wire_late_max_ms")) +
           " ms, which no broker bears");
    }
    return are_cut_;
  }

  [[nodiscard]] bool was_silent() const { return was_silent_; }

  // Whether the canary was late; then others are only blamed for what that cannot explain.
  bool client() {
    const double own = at("wire_late_p99_ms");
    is_late_ = own > budgets_.wire_late_ms() && anything_failed();
    if (!is_late_) return false;
    excused_ms_ = 2 * own;
    note("the canary itself was late: p99 of its own lateness: " + shown(own) + ", budget " +
         shown(budgets_.wire_late_ms()) + "; its own CPU time was " + shown(at("cpu_ratio")) +
         " of a core, the machine's load average " + shown(at("load_average")));
    return true;
  }

  bool broker() {
    bool limited = counted_unless_late("refused", "connects failed");
    // One that is late itself lets connects wait for room, and takes a turn for each of their
    // steps.
    const double begun =
        at("connect_tcp_p99_ms") + at("connect_tls_p99_ms") + at("connect_mqtt_p99_ms");
    const bool explained = is_late_ && begun > 0 && begun <= budgets_.connect_ms + 2 * excused_ms_;
    if (!explained && over("connect_p99_ms", budgets_.connect_ms, "p99 until CONNACK")) {
      limited = true;
      note("of a connect that was begun, p99 until TCP stood: " + shown(at("connect_tcp_p99_ms")) +
           " ms, then until TLS did: " + shown(at("connect_tls_p99_ms")) +
           " ms, then until CONNACK: " + shown(at("connect_mqtt_p99_ms")) + " ms");
    }
    if (limited) counted("retransmitted", "connects needed a TCP retransmit: accept queue or loss");
    if (limited)
      counted("kernel_listen_drops", "connects found a full accept queue (machine-wide)");
    limited |= counted("suback_refused", "subscriptions were refused");
    limited |= over("suback_p99_ms", budgets_.suback_ms, "p99 until SUBACK");
    limited |= over("puback_p99_ms", budgets_.puback_ms, "p99 until PUBACK");
    limited |= counted("forbidden", "updates were refused by the broker");
    if (are_cut_ || !is_late_) limited |= counted("unsent", "updates could not be sent");
    return limited;
  }

  // Whether updates reached Kafka late or not at all; whose fault is asked after.
  bool towards_kafka() {
    bool limited = over("confirmed_p99_ms", budgets_.confirmed_ms, "p99 until Kafka had it");
    limited |= counted("lost", "updates were sent and never confirmed");
    limited |= counted("not_taken", "updates had no subscriber: the bridge was not there");
    limited |= counted("rejected", "updates went to dead letters");
    // One that never answered may be the wrong address; what it did is told by the updates.
    const bool was_away = away("bridge_away_s", "bridge's metrics");
    limited |= was_away && figures_.contains("bridge_oldest_s");
    return limited;
  }

  Part bridge_or_kafka() {
    if (at("bridge_away_s") >= kAwayS || at("not_taken") > 0) return Part::kBridge;
    const double hop = at("bridge_stored_p99_ms");
    if (at("bridge_window_closed_s") > 0) {
      note("the bridge's window was full, waiting for Kafka, for " +
           shown(at("bridge_window_closed_s")) + " s");
      return Part::kKafka;
    }
    if (at("bridge_oldest_s") * 1000 > budgets_.confirmed_ms / 2 ||
        (hop > 0 && hop >= kMostOfIt * at("confirmed_p99_ms"))) {
      note("from the bridge's taking an update until Kafka had it: p99 " + shown(hop) +
           " ms, oldest waiting " + shown(at("bridge_oldest_s")) + " s");
      return Part::kKafka;
    }
    return Part::kBridge;
  }

  bool towards_rest() {
    bool limited = over("visible_p99_ms", budgets_.visible_ms, "p99 until visible in REST");
    limited |=
        counted_unless_late("not_visible", "clients' last updates never became visible in REST");
    limited |= never_counted();
    if (at("peak_lag") > budgets_.lag_records) {
      limited |= counted("peak_lag", "records the registry was behind at its worst");
    }
    const bool was_away = away("registry_away_s", "registry's metrics");
    limited |= was_away && figures_.contains("peak_lag");
    if (away("rest_away_s", "REST API")) {
      limited = true;
      counted("rest_failures", "reads of its list failed");
    }
    return limited;
  }

  Part registry_or_database() {
    if (at("registry_away_s") >= kAwayS || at("rest_away_s") >= kAwayS) return Part::kRegistry;
    if (at("ingest_retries") > 0) {
      note(shown(at("ingest_retries")) + " statements had to be tried again");
      return Part::kDatabase;
    }
    if (at("ingest_stalled_s") >= kAwayS) {
      note("with records waiting, no batch was stored for " + shown(at("ingest_stalled_s")) + " s");
      return Part::kDatabase;
    }
    if (at("ingest_batch_p99_ms") >= kSlowStatementMs) {
      note("the database took up to " + shown(at("ingest_batch_p99_ms")) + " ms a batch (p99)");
      return Part::kDatabase;
    }
    return Part::kRegistry;
  }

  Verdict say(Part part) { return {part, std::move(evidence_)}; }
  void note(std::string sentence) { evidence_.push_back(std::move(sentence)); }

 private:
  [[nodiscard]] double at(const char* name) const { return figure(figures_, name); }

  // Latencies count from when something was due, so the canary's own lateness is in them: where all
  // of them kept their budgets there is nothing to excuse.
  [[nodiscard]] bool anything_failed() const {
    const std::pair<const char*, double> stages[] = {{"connect_p99_ms", budgets_.connect_ms},
                                                     {"suback_p99_ms", budgets_.suback_ms},
                                                     {"puback_p99_ms", budgets_.puback_ms},
                                                     {"confirmed_p99_ms", budgets_.confirmed_ms},
                                                     {"visible_p99_ms", budgets_.visible_ms}};
    const auto is_over = [this](const auto& stage) { return at(stage.first) > stage.second; };
    const auto counts = {"refused", "disconnected", "unsent", "not_visible"};
    return std::any_of(std::begin(stages), std::end(stages), is_over) ||
           std::any_of(counts.begin(), counts.end(),
                       [this](const char* name) { return at(name) > 0; });
  }

  bool over(const char* name, double budget, const char* what) {
    const double value = at(name);
    if (value <= budget + excused_ms_) return false;
    note(std::string(what) + ": " + shown(value) + ", budget " + shown(budget));
    return true;
  }

  // A canary that is late may itself be why.
  bool counted_unless_late(const char* name, const char* what) {
    return !is_late_ && counted(name, what);
  }

  bool counted(const char* name, const char* what) {
    const double value = at(name);
    if (value <= 0) return false;
    note(shown(value) + " " + what);
    return true;
  }

  // A list that was asked for and never came has shown nothing, which is not the same as nothing to
  // complain of.
  bool never_counted() {
    if (!figures_.contains("rest_lists") || at("rest_lists") > 0) return false;
    note("the list in REST was never read to its end: whose last update is visible is not known");
    return true;
  }

  bool away(const char* name, const char* who) {
    const double seconds = at(name);
    if (seconds < kAwayS) return false;
    note(std::string("the ") + who + " did not answer for " + shown(seconds) + " s");
    return true;
  }

  const Figures& figures_;
  const Budgets& budgets_;
  std::vector<std::string> evidence_;
  bool are_cut_ = false;
  bool was_silent_ = false;
  bool is_late_ = false;
  double excused_ms_ = 0;
};

}  // namespace

std::string_view name_of(Part part) {
  switch (part) {
    case Part::kNone:
      return "none";
    case Part::kClient:
      return "client";
    case Part::kBroker:
      return "broker";
    case Part::kBridge:
      return "bridge";
    case Part::kKafka:
      return "kafka";
    case Part::kRegistry:
      return "registry";
    case Part::kDatabase:
      return "database";
  }
  return "";
}

std::map<std::string, double> Budgets::by_stage() const {
  return {{"connect", connect_ms},     {"suback", suback_ms},   {"puback", puback_ms},
          {"confirmed", confirmed_ms}, {"visible", visible_ms}, {"wire_late", wire_late_ms()}};
}

Verdict judge(const Figures& figures, const Budgets& budgets) {
  Judge judge(figures, budgets);
  const bool are_cut = judge.connections();
  const bool is_late = judge.client();
  if (judge.was_silent()) return judge.say(Part::kClient);
  if (judge.broker() || are_cut) return judge.say(Part::kBroker);
  if (judge.towards_kafka()) return judge.say(judge.bridge_or_kafka());
  if (judge.towards_rest()) return judge.say(judge.registry_or_database());
  if (is_late) return judge.say(Part::kClient);
  judge.note("every stage kept its budget");
  return judge.say(Part::kNone);
}

std::string text_of(const Verdict& verdict) {
  if (verdict.part == Part::kNone) return "held";
  return "limited by " + std::string(name_of(verdict.part));
}

}  // namespace dmp::canary
