#include "canary/core/report.h"

namespace dmp::canary {
namespace {

constexpr const char* kShown[] = {"_p50_ms", "_p99_ms", "_max_ms"};

std::string padded(std::string text, std::size_t width, bool right) {
  const std::size_t missing = width > text.size() ? width - text.size() : 0;
  return right ? std::string(missing, ' ') + text : text + std::string(missing, ' ');
}

std::string stage_lines(const Figures& figures) {
  std::string text = padded("", 12, false) + padded("count", 10, true) +
                     padded("p50 ms", 12, true) + padded("p99 ms", 12, true) +
                     padded("max ms", 12, true) + "\n";
  for (const std::string_view stage : kStages) {
    const std::string name(stage);
    text +=
        padded(name, 12, false) + padded(number_text(figure(figures, name + "_count")), 10, true);
    for (const char* suffix : kShown) {
      const auto found = figures.find(name + suffix);
      text += padded(found == figures.end() ? "-" : number_text(found->second), 12, true);
    }
    text += "\n";
  }
  return text;
}

std::string count_line(const Figures& figures) {
  std::string text;
  for (const char* name : {"clients", "connected", "refused", "disconnected", "retransmitted",
                           "sent", "unsent", "acknowledged", "confirmed", "lost", "duplicates",
                           "reordered", "not_visible", "peak_lag", "s_to_lag_zero"}) {
    const auto found = figures.find(name);
    if (found == figures.end()) continue;
    text += (text.empty() ? "" : ", ") + std::string(name) + " " + number_text(found->second);
  }
  return text + "\n";
}

}  // namespace

int exit_code_of(const Report& report) {
  if (report.interrupted) return kInterrupted;
  if (!anybody_connected(report)) return kCannotConnect;
  return report.breaches.empty() ? kPassed : kBreached;
}

bool is_comparable(const Report& report) {
  return !report.interrupted && anybody_connected(report);
}

bool was_begun(const Report& report) {
  return anybody_connected(report) || !report.refused_by.empty();
}

std::optional<std::string> breach_of(const Threshold& threshold, const Report& report) {
  return report.interrupted ? threshold.breach_so_far(report.figures)
                            : threshold.breach(report.figures);
}

std::string text_of(const Report& report) {
  std::string text = "canary " + report.run + ": " + headline_of(report) + "\n";
  for (const std::string& sentence : report.verdict.evidence) text += "  " + sentence + "\n";
  if (anybody_connected(report)) text += stage_lines(report.figures);
  if (was_begun(report)) text += count_line(report.figures);
  for (const auto& [reason, count] : report.refused_by) {
    text += "  refused: " + std::to_string(count) + " x " + reason + "\n";
  }
  for (const auto& [reason, count] : report.disconnected_by) {
    text += "  disconnected: " + std::to_string(count) + " x " + reason + "\n";
  }
  for (const auto& [reason, count] : report.rest_failed_by) {
    text += "  read in vain: " + std::to_string(count) + " x " + reason + "\n";
  }
  for (const std::string& warning : report.warnings) text += "  note: " + warning + "\n";
  for (const std::string& breach : report.breaches) text += "FAIL  " + breach + "\n";
  return text;
}

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '&':
        safe += "&amp;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
  }
  return safe;
}

std::string junit_of(const Report& report) {
  const bool could_run = report.exit_code == kPassed || report.exit_code == kBreached;
  std::string cases = "  <testcase classname=\"dmp-canary\" name=\"the run could be made\">";
  if (!could_run) {
    cases += "<failure message=\"" + escaped(headline_of(report)) + "\">exit code " +
             std::to_string(report.exit_code) + "</failure>";
  }
  cases += "</testcase>\n";
  std::size_t failures = could_run ? 0 : 1;
  std::size_t skipped = 0;
  for (const Threshold& threshold : report.thresholds) {
    cases += "  <testcase classname=\"dmp-canary\" name=\"not " + escaped(threshold.text()) + "\">";
    const auto breach = breach_of(threshold, report);
    if (!breach && report.interrupted) {
      cases += "<skipped message=\"the run was interrupted\"/>";
      ++skipped;
    }
    if (breach) {
      cases += "<failure message=\"" + escaped(*breach) + "\">" + escaped(headline_of(report)) +
               "</failure>";
      ++failures;
    }
    cases += "</testcase>\n";
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"canary " +
         escaped(report.run) + "\" tests=\"" + std::to_string(report.thresholds.size() + 1) +
         "\" failures=\"" + std::to_string(failures) + "\" skipped=\"" + std::to_string(skipped) +
         "\" time=\"" + number_text(figure(report.figures, "took_s")) + "\" timestamp=\"" +
         escaped(report.started_at) + "\">\n" + cases + "</testsuite>\n";
}

}  // namespace dmp::canary
