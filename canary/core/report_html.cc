// The report as one page. Charts follow two rules: the same colour is the same thing everywhere,
// and each axis says its unit.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "canary/core/comparison.h"
#include "canary/core/report.h"

namespace dmp::canary {
namespace {

constexpr double kWidth = 860;
constexpr double kHeight = 220;
constexpr double kLeft = 64;
constexpr double kBottom = 26;
constexpr double kTop = 12;
constexpr std::size_t kPointsMax = 600;  // of a line; more are folded, keeping the greatest

constexpr const char* kStyle =
    "body{font:15px/1.45 system-ui,sans-serif;max-width:900px;margin:2em auto;padding:0 1em;"
    "color:#1c2024}h1{font-size:1.5em}h2{font-size:1.1em;margin-top:2em}"
    "table{border-collapse:collapse}td,th{padding:.2em .9em .2em 0;text-align:right}"
    "td:first-child,th:first-child{text-align:left}tr+tr{border-top:1px solid #e3e6e8}"
    ".good{color:#18794e}.bad{color:#cd2b31}.note{color:#60646c}svg{max-width:100%}"
    "svg text{font:11px system-ui,sans-serif;fill:#60646c}";

struct Line {
  const char* name;
  const char* colour;
  std::vector<double> values;  // one per second
};

std::string at(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string text_at(double x, double y, const std::string& anchor, const std::string& text) {
  return "<text x=\"" + at(x) + "\" y=\"" + at(y) + "\" text-anchor=\"" + anchor + "\">" +
         escaped(text) + "</text>";
}

// 1, 2 or 5 times a power of ten, not below `value`.
double round_up(double value) {
  if (value <= 0) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (value <= step * power * (1 + 1e-9)) return step * power;
  }
  return 10 * power;
}

double greatest(const std::vector<Line>& lines) {
  double most = 0;
  for (const Line& line : lines) {
    for (const double value : line.values) most = std::max(most, value);
  }
  return round_up(most);
}

std::string polyline(const Line& line, double top) {
  const std::size_t count = line.values.size();
  const std::size_t fold = std::max<std::size_t>(1, (count + kPointsMax - 1) / kPointsMax);
  std::string points;
  for (std::size_t i = 0; i < count; i += fold) {
    double value = 0;
    for (std::size_t j = i; j < std::min(count, i + fold); ++j) {
      value = std::max(value, line.values[j]);
    }
    const double share = count > 1 ? static_cast<double>(i) / static_cast<double>(count - 1) : 0;
    const double x = kLeft + (kWidth - kLeft) * share;
    const double y = kHeight - kBottom - (kHeight - kBottom - kTop) * value / top;
    points += at(x) + "," + at(y) + " ";
  }
  return "<polyline fill=\"none\" stroke=\"" + std::string(line.colour) +
         "\" stroke-width=\"1.6\" points=\"" + points + "\"/>";
}

// Where each phase begins, with its name.
std::string phase_marks(const std::vector<PhaseLine>& phases, std::size_t seconds) {
  std::string svg;
  if (seconds < 2) return svg;
  for (const PhaseLine& phase : phases) {
    const double share = std::min(1.0, phase.began_s / static_cast<double>(seconds - 1));
    const double x = kLeft + (kWidth - kLeft) * share;
    svg += "<line x1=\"" + at(x) + "\" x2=\"" + at(x) + "\" y1=\"" + at(kTop) + "\" y2=\"" +
           at(kHeight - kBottom) + "\" stroke=\"#b0b4ba\" stroke-dasharray=\"3 3\"/>";
    const bool at_end = share > 0.93;
    svg += text_at(at_end ? x - 3 : x + 3, kTop + 9, at_end ? "end" : "start", phase.name);
  }
  return svg;
}

std::string chart(const std::string& unit, const std::vector<PhaseLine>& phases,
                  const std::vector<Line>& lines) {
  const double top = greatest(lines);
  std::string svg = "<svg viewBox=\"0 0 " + at(kWidth) + " " + at(kHeight) + "\" role=\"img\">";
  for (int step = 0; step <= 4; ++step) {
    const double y = kHeight - kBottom - (kHeight - kBottom - kTop) * step / 4;
    svg += "<line x1=\"" + at(kLeft) + "\" x2=\"" + at(kWidth) + "\" y1=\"" + at(y) + "\" y2=\"" +
           at(y) + "\" stroke=\"#e3e6e8\"/>";
    svg += text_at(kLeft - 6, y + 4, "end", number_text(top * step / 4));
  }
  const std::size_t seconds = lines.empty() ? 0 : lines.front().values.size();
  svg += text_at(kLeft, kHeight - 8, "start", "0 s");
  svg += text_at(kWidth, kHeight - 8, "end", std::to_string(seconds) + " s");
  svg += text_at(kWidth / 2, kHeight - 8, "middle", unit);
  svg += phase_marks(phases, seconds);
  for (const Line& line : lines) svg += polyline(line, top);
  svg += "</svg><p class=\"note\">";
  for (const Line& line : lines) {
    svg += "<span style=\"color:" + std::string(line.colour) + "\">&#9632;</span> " +
           std::string(line.name) + " &nbsp; ";
  }
  return svg + "</p>\n";
}

template <class Value>
Line line_of(const char* name, const char* colour, const std::vector<Second>& seconds,
             Value&& value) {
  Line line{name, colour, {}};
  for (const Second& second : seconds) line.values.push_back(static_cast<double>(value(second)));
  return line;
}

std::string charts(const std::vector<Second>& seconds, const std::vector<PhaseLine>& phases) {
  const auto worst = [](Stage stage) {
    return [stage](const Second& second) {
      return static_cast<double>(second.worst[static_cast<std::size_t>(stage)].count()) / 1000;
    };
  };
  std::string html = "<h2>Updates per second</h2>";
  html += chart(
      "updates per second", phases,
      {line_of("sent", "#8b8d98", seconds, [](const Second& s) { return s.sent; }),
       line_of("PUBACK", "#0090ff", seconds, [](const Second& s) { return s.acknowledged; }),
       line_of("confirmed", "#30a46c", seconds, [](const Second& s) { return s.confirmed; })});
  html += "<h2>Worst of each second</h2>";
  html += chart("ms since it was due", phases,
                {line_of("connect", "#f76b15", seconds, worst(Stage::kConnect)),
                 line_of("PUBACK", "#0090ff", seconds, worst(Stage::kPuback)),
                 line_of("confirmed", "#30a46c", seconds, worst(Stage::kConfirmed)),
                 line_of("visible", "#8e4ec6", seconds, worst(Stage::kVisible)),
                 line_of("own lateness", "#8b8d98", seconds, worst(Stage::kWireLate))});
  html += "<h2>Clients connected</h2>";
  html += chart(
      "clients", phases,
      {line_of("connected", "#f76b15", seconds, [](const Second& s) { return s.connected; })});
  html += "<h2>Registry lag</h2>";
  html += chart("records", phases,
                {line_of("lag", "#8e4ec6", seconds, [](const Second& s) { return s.lag; })});
  return html;
}

// Beside the p99, red if that is beyond it.
std::string budget_cell(const std::map<std::string, double>& budgets, const std::string& stage,
                        double p99) {
  const auto budget = budgets.find(stage);
  if (budget == budgets.end()) return "<td></td>";
  const char* const colour = p99 > budget->second ? " class=\"bad\"" : "";
  return "<td" + std::string(colour) + ">" + number_text(budget->second) + "</td>";
}

std::string stage_table(const Figures& figures, const std::map<std::string, double>& budgets) {
  std::string html = "<table><tr><th>stage</th><th>count</th>";
  for (const Percentile& known : kPercentiles) {
    html += "<th>" + std::string(known.name) + " ms</th>";
    if (known.name == "p99") html += "<th>budget</th>";
  }
  html += "</tr>";
  for (const std::string_view stage : kStages) {
    const std::string name(stage);
    html +=
        "<tr><td>" + name + "</td><td>" + number_text(figure(figures, name + "_count")) + "</td>";
    for (const Percentile& known : kPercentiles) {
      const auto found = figures.find(name + "_" + std::string(known.name) + "_ms");
      html += "<td>" + (found == figures.end() ? "-" : number_text(found->second)) + "</td>";
      if (known.name == "p99")
        html += budget_cell(budgets, name, figure(figures, name + "_p99_ms"));
    }
    html += "</tr>";
  }
  return html + "</table>\n";
}

std::string remark_on(const PhaseLine& phase) {
  const std::string begun = std::to_string(phase.begun) + " of them begun";
  if (phase.cut) return "<span class=\"bad\">cut: " + begun + "</span>";
  if (!phase.in_time) return "<span class=\"bad\">not all of it in time</span>";
  return phase.begun < phase.events ? "<span class=\"bad\">ended early: " + begun + "</span>" : "";
}

std::string phase_table(const std::vector<PhaseLine>& phases) {
  std::string html =
      "<table><tr><th>phase</th><th>events</th><th>began s</th><th>took s</th><th></th></tr>";
  for (const PhaseLine& phase : phases) {
    html += "<tr><td>" + escaped(phase.name) + "</td><td>" + std::to_string(phase.events) +
            "</td><td>" + at(phase.began_s) + "</td><td>" + at(phase.took_s) + "</td><td>" +
            remark_on(phase) + "</td></tr>";
  }
  return html + "</table>\n";
}

std::string reasons_list(const char* what, const std::map<std::string, std::int64_t>& reasons) {
  std::string html;
  for (const auto& [reason, count] : reasons) {
    html += "<li>" + std::to_string(count) + " " + what + ": " + escaped(reason) + "</li>";
  }
  return html;
}

std::string figure_table(const Figures& figures, const Figures& before) {
  std::string html = "<table><tr><th>figure</th><th>this run</th>";
  html += before.empty() ? "</tr>" : "<th>before</th><th>change</th></tr>";
  for (const auto& [name, value] : figures) {
    html += "<tr><td>" + escaped(name) + "</td><td>" + number_text(value) + "</td>";
    const auto earlier = before.find(name);
    if (earlier != before.end()) {
      const auto percent = change_percent(earlier->second, value);
      html += "<td>" + number_text(earlier->second) + "</td><td>" +
              (percent ? at(*percent) + " %" : "") + "</td>";
    }
    html += "</tr>";
  }
  return html + "</table>\n";
}

}  // namespace

std::string html_of(const Report& report, const Figures& before) {
  const bool good = report.exit_code == kPassed;
  std::string html = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Canary " +
                     escaped(report.run) + "</title><style>" + kStyle + "</style>\n<h1>Canary " +
                     escaped(report.run) + ": <span class=\"" + (good ? "good" : "bad") + "\">" +
                     escaped(headline_of(report)) + "</span></h1><p class=\"note\">" +
                     escaped(report.started_at) + ", exit code " +
                     std::to_string(report.exit_code) + "</p>\n<ul>";
  for (const std::string& sentence : report.verdict.evidence) {
    html += "<li>" + escaped(sentence) + "</li>";
  }
  for (const std::string& breach : report.breaches) {
    html += "<li class=\"bad\">" + escaped(breach) + "</li>";
  }
  html += reasons_list("connects refused", report.refused_by);
  html += reasons_list("connections lost", report.disconnected_by);
  html += reasons_list("reads of REST failed", report.rest_failed_by);
  for (const std::string& warning : report.warnings) {
    html += "<li class=\"note\">" + escaped(warning) + "</li>";
  }
  html += "</ul>\n";
  const bool measured = anybody_connected(report);
  if (measured) html += "<h2>Stages</h2>" + stage_table(report.figures, report.budgets);
  if (!was_begun(report)) return html + "</html>\n";
  html += "<h2>Phases</h2>" + phase_table(report.phases);
  if (measured) html += charts(report.seconds, report.phases);
  return html + "<h2>All figures</h2>" + figure_table(report.figures, before) + "</html>\n";
}

}  // namespace dmp::canary
