// What is looked for in a program's raw settings because the parser behind them would take it
// otherwise than it was meant. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace dmp {

// Refuses `--name=`: the parser would take the next argument for its value.
Status check_flags(int argc, const char* const* argv);

// Refuses a setting that the file gives twice, and a section that is not closed.
Status check_file_text(const std::string& text, const std::vector<std::string>& settings);

// A warning for each variable (NAME=value) that is named as this program's settings are, but is
// none of them.
std::vector<std::string> stray_variables(const std::string& program,
                                         const std::vector<std::string>& settings,
                                         const std::vector<std::string>& variables);

}  // namespace dmp
