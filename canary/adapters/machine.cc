#include "canary/adapters/machine.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <sys/prctl.h>
#include <sys/resource.h>

namespace dmp::canary {
namespace {

constexpr double kKibPerMib = 1024;

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::int64_t busy_ports() {
  std::ifstream file("/proc/net/sockstat");
  std::int64_t busy = 0;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("TCP:")) continue;
    std::istringstream words(line.substr(4));
    std::string name;
    std::int64_t value = 0;
    while (words >> name >> value) {
      if (name == "inuse" || name == "tw") busy += value;
    }
  }
  return busy;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

}  // namespace

Machine look_at_machine() {
  Machine machine;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    machine.descriptors_most = static_cast<std::int64_t>(limit.rlim_max);
  }
  std::int64_t first = 0;
  std::int64_t last = 0;
  if (std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first >> last) {
    machine.ports = last - first + 1;
  }
  machine.ports_busy = busy_ports();
  std::ifstream("/proc/sys/net/core/somaxconn") >> machine.backlog_most;
  return machine;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void sharpen_timers() { prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL); }

std::int64_t listen_drops() {
  std::ifstream file("/proc/net/netstat");
  for (std::string names, values; std::getline(file, names) && std::getline(file, values);) {
    if (!names.starts_with("TcpExt:")) continue;
    const auto name = words_of(names);
    const auto value = words_of(values);
    for (std::size_t i = 0; i < name.size() && i < value.size(); ++i) {
      if (name[i] == "ListenDrops") return std::strtoll(value[i].c_str(), nullptr, 10);
    }
  }
  return 0;
}

Usage own_usage() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {seconds(usage.ru_utime) + seconds(usage.ru_stime),
          static_cast<double>(usage.ru_maxrss) / kKibPerMib};
}

double load_average() {
  double load = 0;
  return getloadavg(&load, 1) == 1 ? load : 0;
}

}  // namespace dmp::canary
