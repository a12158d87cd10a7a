// Puts a real run together: once, or again and again.
#pragma once

#include <stop_token>

#include "canary/options.h"

namespace dmp::canary {

// The exit code. REQUIRES: options.check() passed.
int run_program(const Options& options, const std::stop_token& stop);

}  // namespace dmp::canary
