// What each program of the benches does around its work.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "base/settings.h"

namespace dmp::bench {

struct BenchProgram {
  std::string name;
  std::string about;
  std::function<void(Settings&)> declare;
  std::function<Status()> run;  // once the settings have their values
};

// The exit status: 0, or 1 with the reason on stderr, or 2 for a wrong setting.
int bench_main(const BenchProgram& program, int argc, const char* const* argv);

}  // namespace dmp::bench
