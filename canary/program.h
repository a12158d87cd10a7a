// Puts a real run together: once, or again and again.
#pragma once

#include <stop_token>

#include "canary/options.h"

namespace dmp::canary {

// What can be known without a network of whether it can run. Error: names the setting.
// REQUIRES: options.check() passed.
Status check_surroundings(const Options& options);

// The exit code. REQUIRES: both checks passed.
int run_program(const Options& options, const std::stop_token& stop);

}  // namespace dmp::canary
