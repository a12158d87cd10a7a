// serve: plays the roles of this instance until a stop is asked for.
#pragma once

#include <stop_token>

#include "base/result.h"
#include "registry/options.h"

namespace dmp::registry {

// Ends the process with status 1, saying so, if it is still there 10 s after the stop.
Status serve(const Options& options, const std::stop_token& stop);

}  // namespace dmp::registry
