// Exposition: reads the Prometheus text of our own programs, as base/metrics.h writes it. Pure.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dmp::canary {

// Upper bound -> how many were at most that.
using Buckets = std::map<double, double>;

// Whether there is a series of each of these names.
bool has_all(std::string_view text, std::span<const std::string_view> names);

// The sum of all series of that name; 0 if there are none.
double sum_of(std::string_view text, std::string_view name);

// The smallest value of all series of that name; nothing if there are none.
std::optional<double> least_of(std::string_view text, std::string_view name);

// The histogram of that name over all its series.
Buckets buckets_of(std::string_view text, std::string_view name);

// What was counted between two readings.
Buckets since(const Buckets& before, const Buckets& now);

// The bound that so many percent do not exceed; the last finite one if it is beyond; 0 if empty.
double quantile(const Buckets& buckets, double percent);

}  // namespace dmp::canary
