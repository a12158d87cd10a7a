// The bridge as a whole: its parts, from start to stop.
#pragma once

#include <stop_token>

#include "base/result.h"
#include "bridge/options.h"

namespace dmp::bridge {

// Works until `stop` is asked for. An error means that it could not start.
Status run_program(const Options& options, const std::stop_token& stop);

}  // namespace dmp::bridge
