// check_database: the command `verify`, with its report for people.
#pragma once

#include <stop_token>

#include "registry/options.h"

namespace dmp::registry {

// The exit status: 0 if the database holds what the topics say, 1 if not, 3 if one of them could
// not be read or a stop was asked for before the end.
int check_database(const Options& options, const std::stop_token& stop);

}  // namespace dmp::registry
