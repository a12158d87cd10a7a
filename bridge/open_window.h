// The bridge's window as the options want it, and what to say about what was found in it.
#pragma once

#include <memory>

#include "base/result.h"
#include "bridge/instruments.h"
#include "bridge/options.h"
#include "bridge/ports.h"

namespace dmp::bridge {

// Whatever a bridge before us left in it is counted and logged.
Result<std::unique_ptr<Window>> open_window(const Options& options, Instruments& instruments);

}  // namespace dmp::bridge
