#include "canary/core/exposition.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace dmp::canary {
namespace {

struct Series {
  std::string_view labels;  // without braces
  double value = 0;
};

double to_double(std::string_view text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// visit(Series) for each line of exactly that name.
template <class Visit>
void each_series(std::string_view text, std::string_view name, Visit&& visit) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with(name)) continue;
    line.remove_prefix(name.size());
    Series series;
    if (line.starts_with('{')) {
      const std::size_t close = line.find('}');
      if (close == std::string_view::npos) continue;
      series.labels = line.substr(1, close - 1);
      line.remove_prefix(close + 1);
    }
    if (!line.starts_with(' ')) continue;  // a longer name
    series.value = to_double(line.substr(1, line.find(' ', 1) - 1));
    visit(series);
  }
}

}  // namespace

bool has_all(std::string_view text, std::span<const std::string_view> names) {
  return std::all_of(names.begin(), names.end(), [&](std::string_view name) {
    bool found = false;
    each_series(text, name, [&](const Series& /*series*/) { found = true; });
    return found;
  });
}

double sum_of(std::string_view text, std::string_view name) {
  double sum = 0;
  each_series(text, name, [&](const Series& series) { sum += series.value; });
  return sum;
}

std::optional<double> least_of(std::string_view text, std::string_view name) {
  std::optional<double> least;
  each_series(text, name, [&](const Series& series) {
    least = std::min(least.value_or(series.value), series.value);
  });
  return least;
}

Buckets buckets_of(std::string_view text, std::string_view name) {
  constexpr std::string_view kBound = "le=\"";
  Buckets buckets;
  each_series(text, std::string(name) + "_bucket", [&](const Series& series) {
    const std::size_t at = series.labels.find(kBound);
    if (at == std::string_view::npos) return;
    const std::string_view bound = series.labels.substr(at + kBound.size());
    buckets[to_double(bound.substr(0, bound.find('"')))] += series.value;
  });
  return buckets;
}

Buckets since(const Buckets& before, const Buckets& now) {
  Buckets counted;
  for (const auto& [bound, count] : now) {
    const auto earlier = before.find(bound);
    // A program that was restarted counts from 0 again.
    const double grown = earlier == before.end() ? count : count - earlier->second;
    counted[bound] = grown < 0 ? count : grown;
  }
  return counted;
}

double quantile(const Buckets& buckets, double percent) {
  if (buckets.empty() || buckets.rbegin()->second <= 0) return 0;
  const double rank = buckets.rbegin()->second * percent / 100;
  double last = 0;
  for (const auto& [bound, count] : buckets) {
    if (std::isfinite(bound)) last = bound;
    if (count >= rank) return last;
  }
  return last;
}

}  // namespace dmp::canary
