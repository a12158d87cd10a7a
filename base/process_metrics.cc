#include "base/process_metrics.h"

#include <fstream>
#include <iomanip>
#include <optional>
#include <sstream>

#include <unistd.h>

namespace dmp {
namespace {

std::optional<long> resident_bytes() {
  std::ifstream file("/proc/self/statm");
  long all = 0;
  long resident = 0;
  if (!(file >> all >> resident)) return std::nullopt;
  return resident * sysconf(_SC_PAGESIZE);
}

// In user and kernel mode.
std::optional<double> cpu_seconds() {
  constexpr int kBetween = 11;  // fields of /proc/PID/stat from the state to utime
  std::ifstream file("/proc/self/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // The name in parentheses may hold blanks and parentheses.
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < kBetween; ++i) fields >> skipped;
  double user = 0;
  double kernel = 0;
  if (!(fields >> user >> kernel)) return std::nullopt;
  return (user + kernel) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

std::string process_metrics() {
  std::ostringstream text;
  if (const auto bytes = resident_bytes()) {
    text << "# HELP process_resident_memory_bytes Resident memory size in bytes\n"
         << "# TYPE process_resident_memory_bytes gauge\n"
         << "process_resident_memory_bytes " << *bytes << "\n";
  }
  if (const auto seconds = cpu_seconds()) {
    text << "# HELP process_cpu_seconds_total Time of user and kernel mode in seconds\n"
         << "# TYPE process_cpu_seconds_total counter\n"
         << "process_cpu_seconds_total " << std::fixed << std::setprecision(2) << *seconds << "\n";
  }
  return text.str();
}

}  // namespace dmp
