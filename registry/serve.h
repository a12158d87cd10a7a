// serve: plays the roles of this instance until a stop is asked for.
#pragma once

#include "base/result.h"
#include "base/stop.h"
#include "registry/options.h"

namespace dmp::registry {

// A stop may also be asked for at the admin port. Ends the process with status 1, saying so, if it
// is still there 10 s after the stop.
Status serve(const Options& options, Stop& stopping);

}  // namespace dmp::registry
