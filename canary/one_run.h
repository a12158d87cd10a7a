// One real run, put together from the adapters.
#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"
#include "canary/core/report.h"
#include "canary/options.h"

namespace dmp::canary {

// Errors: "bad_…": a setting, file or certificate; "unreachable": nothing listens where REST is
// said to be. Nothing was begun then. REQUIRES: options.check() passed.
Result<Report> make_run(const Options& options, const std::stop_token& stop);

// Whether a run, or its certificates, can be made as far as that can be known without a network:
// files, folders and the machine's limits. Error "bad_…": names the setting.
Status check_here(const Options& options);

// The certificates that run's clients need; not all of them if it is stopped. Error: names the
// file.
Status make_identities(const Options& options, const std::string& run, const std::stop_token& stop);

}  // namespace dmp::canary
