// How a run ended, in one line.
#include <algorithm>
#include <cstdio>

#include "canary/core/report.h"

namespace dmp::canary {
namespace {

// What to look at, by how far the connects came.
std::string_view way_out(ConnectStep step) {
  switch (step) {
    case ConnectStep::kReach:
      return "is the stack up (./dmp up) and is --mqtt-uri right?";
    case ConnectStep::kBrokerCertificate:
      return "is --mqtt-ca the broker's authority, and does its certificate name this host?";
    case ConnectStep::kTls:
      return "does this port speak MQTT by TLS, and does the broker trust --authority-certificate?";
    case ConnectStep::kMqtt:
      return "does this port speak MQTT, and does the broker's access list let clients "
             "canary-RUN-NUMBER in?";
    case ConnectStep::kAnswer:
    case ConnectStep::kNeverBegun:
      return "does this port speak MQTT; is the broker stuck or overloaded, or a firewall in "
             "between?";
  }
  return "";
}

std::string failure_text(const Report& report) {
  std::string text = report.broker;
  if (!report.failure) return text;
  return text + ": " + report.failure->why + ": " + std::string(way_out(report.failure->step));
}

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", seconds);
  return text;
}

std::string interruption_text(const Report& report) {
  std::string text = "interrupted";
  const auto cut = std::find_if(report.phases.begin(), report.phases.end(),
                                [](const PhaseLine& phase) { return phase.cut; });
  if (cut != report.phases.end()) {
    text += " in phase " + cut->name + " after " + seconds_text(cut->began_s + cut->took_s);
  }
  if (!anybody_connected(report)) {
    return text + ", nobody had connected" + (report.failure ? ": " + failure_text(report) : "");
  }
  if (limit_of(report)) text += ", until then " + text_of(report.verdict);
  return text;
}

}  // namespace

bool anybody_connected(const Report& report) { return figure(report.figures, "connected") > 0; }

std::optional<Part> limit_of(const Report& report) {
  const bool held = report.verdict.part == Part::kNone;
  if (!anybody_connected(report) || (report.interrupted && held)) return std::nullopt;
  return report.verdict.part;
}

std::string headline_of(const Report& report) {
  if (report.interrupted) return interruption_text(report);
  if (!anybody_connected(report)) return "nobody could connect: " + failure_text(report);
  if (report.verdict.part != Part::kNone || report.breaches.empty()) return text_of(report.verdict);
  const std::size_t count = report.breaches.size();
  return "held, but beyond " + std::to_string(count) + (count == 1 ? " threshold" : " thresholds");
}

}  // namespace dmp::canary
