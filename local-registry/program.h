// Puts the real agent together and runs it until `stop`.
#pragma once

#include <stop_token>

#include "base/result.h"
#include "local-registry/options.h"

namespace dmp::local {

// Error: what could not be opened at the start; nothing keeps running.
Status run_program(const Options& options, const std::stop_token& stop);

}  // namespace dmp::local
