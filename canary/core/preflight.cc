#include "canary/core/preflight.h"

namespace dmp::canary {
namespace {

constexpr std::int64_t kPerClient = 3;
constexpr std::int64_t kOthers = 64;
constexpr std::int64_t kMosquittoBacklog = 100;
// Below this a client waits for its own delayed acknowledgement rather than for the broker.
constexpr std::int64_t kApartMs = 40;

std::string number(std::int64_t value) { return std::to_string(value); }

Status check(const Machine& machine, const Load& load) {
  const std::int64_t descriptors = descriptors_for(load.clients);
  if (machine.descriptors_most > 0 && machine.descriptors_most < descriptors) {
    return fail("bad_setting", "setting clients: " + number(load.clients) + " need " +
                                   number(descriptors) + " file descriptors, " +
                                   number(machine.descriptors_most) +
                                   " is the limit; raise it (ulimit -Hn) or take fewer clients");
  }
  const std::int64_t free = machine.ports - machine.ports_busy;
  if (machine.ports > 0 && free < load.clients) {
    return fail("bad_setting",
                "setting clients: " + number(load.clients) + " need as many local ports, " +
                    number(free) + " of " + number(machine.ports) +
                    " are free; wait a minute, or widen net.ipv4.ip_local_port_range");
  }
  return {};
}

}  // namespace

std::int64_t descriptors_for(std::int64_t clients) { return kPerClient * clients + kOthers; }

Preflight check_machine(const Machine& machine, const Load& load) {
  Preflight found{check(machine, load), {}};
  if (load.storm && load.clients > kMosquittoBacklog) {
    found.warnings.push_back(
        "a storm of " + number(load.clients) + " connects overflows Mosquitto's accept queue (" +
        number(kMosquittoBacklog) + "; the kernel allows " + number(machine.backlog_most) +
        "): many connects wait for a TCP retransmit of 1, 3 or 7 s");
  }
  if (load.rate > 0 && load.clients * 1000 / load.rate < kApartMs) {
    found.warnings.push_back("each client sends more than every " + number(kApartMs) +
                             " ms: the figures show delayed acknowledgements of TCP as well; "
                             "take more clients or a lower rate");
  }
  return found;
}

}  // namespace dmp::canary
