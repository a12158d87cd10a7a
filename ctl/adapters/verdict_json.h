// A Verdict as one JSON object, for programs. Pure.
#pragma once

#include <string>

#include "ctl/core/verdict.h"

namespace dmp::ctl {

std::string json_of(const Verdict& verdict);

}  // namespace dmp::ctl
