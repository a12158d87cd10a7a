#include "canary/core/threshold.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/settings.h"

namespace dmp::canary {
namespace {

tl::unexpected<Error> bad(std::string_view text, const std::string& why) {
  return fail("bad_setting", "threshold '" + std::string(text) + "': " + why +
                                 "; write for example puback.p99>200ms or lost>0");
}

std::string stages_listed() {
  std::string text;
  for (const std::string_view stage : kStages) {
    text += (text.empty() ? "" : ", ") + std::string(stage);
  }
  return text;
}

std::string percentiles_listed() {
  std::string text;
  for (const Percentile& known : kPercentiles) {
    text += (text.empty() ? "" : ", ") + std::string(known.name);
  }
  return text;
}

// The figure's name for "puback.p99"; empty if there is none such.
std::string stage_figure(std::string_view stage, std::string_view percentile) {
  const bool is_stage =
      std::find(std::begin(kStages), std::end(kStages), stage) != std::end(kStages);
  const bool is_percentile =
      std::any_of(std::begin(kPercentiles), std::end(kPercentiles),
                  [&](const Percentile& known) { return known.name == percentile; });
  if (!is_stage || !is_percentile) return {};
  return std::string(stage) + "_" + std::string(percentile) + "_ms";
}

std::optional<double> to_number(std::string_view text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

// "200ms", "0.2s", "1m".
std::optional<double> to_milliseconds(std::string_view text) {
  const std::size_t unit = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto number = to_number(text.substr(0, unit));
  const auto each = parse_duration("1" + std::string(text.substr(unit)));
  if (!number || !each) return std::nullopt;
  return *number * static_cast<double>(each->count());
}

}  // namespace

Result<Threshold> Threshold::parse(std::string_view given) {
  std::string bare(given);
  std::erase_if(bare, [](char c) { return c == ' ' || c == '\t'; });
  const std::string_view text = bare;
  const std::size_t at = text.find_first_of("<>");
  if (at == std::string_view::npos) return bad(text, "no > or < in it");
  Threshold made;
  made.text_ = bare;
  made.above_ = text[at] == '>';
  made.also_equal_ = at + 1 < text.size() && text[at + 1] == '=';
  const std::string_view left = text.substr(0, at);
  const std::string_view right = text.substr(at + (made.also_equal_ ? 2 : 1));
  const std::size_t dot = left.find('.');
  made.is_stage_ = dot != std::string_view::npos;
  if (!made.is_stage_) {
    if (!is_count(left)) {
      return bad(text, "'" + std::string(left) + "' is no count; known: " + counts_listed());
    }
    const auto number = to_number(right);
    if (!number) return bad(text, "'" + std::string(right) + "' is not a number");
    made.figure_ = left;
    made.bound_ = *number;
    return made;
  }
  made.figure_ = stage_figure(left.substr(0, dot), left.substr(dot + 1));
  if (made.figure_.empty()) {
    return bad(text, "'" + std::string(left) + "' is not a STAGE.PERCENTILE; stages: " +
                         stages_listed() + "; percentiles: " + percentiles_listed());
  }
  const auto duration = to_milliseconds(right);
  if (!duration) return bad(text, "'" + std::string(right) + "' is not a duration");
  made.bound_ = *duration;
  return made;
}

std::optional<std::string> Threshold::breach(const Figures& figures) const {
  const auto found = figures.find(figure_);
  if (found == figures.end()) {
    return text_ + ": not measured";
  }
  const double value = found->second;
  const bool beyond = above_ ? value > bound_ : value < bound_;
  if (!beyond && !(also_equal_ && value == bound_)) return std::nullopt;
  return text_ + ": it was " + number_text(value) + (is_stage_ ? " ms" : "");
}

std::optional<std::string> Threshold::breach_so_far(const Figures& figures) const {
  return above_ && figures.contains(figure_) ? breach(figures) : std::nullopt;
}

}  // namespace dmp::canary
