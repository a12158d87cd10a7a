#include "local-registry/adapters/scripted_source.h"

#include <cerrno>
#include <cstring>

#include <sys/eventfd.h>

#include "base/log.h"

namespace dmp::local {

Result<std::unique_ptr<ScriptedProber>> ScriptedProber::open() {
  FileHandle wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail("no_handle", std::string("cannot open an eventfd: ") + strerror(errno));
  return std::unique_ptr<ScriptedProber>(new ScriptedProber(std::move(wake)));
}

bool ScriptedProber::ask(const ProbeOrder& order) {
  const bool taken = orders_.try_push(ProbeOrder(order));
  if (taken) static_cast<void>(eventfd_write(wake_.get(), 1));
  return taken;
}

std::vector<ProbeOrder> ScriptedProber::take() {
  eventfd_t unused = 0;
  static_cast<void>(eventfd_read(wake_.get(), &unused));
  std::vector<ProbeOrder> orders;
  while (auto order = orders_.try_pop()) orders.push_back(std::move(*order));
  return orders;
}

ScriptedSource::ScriptedSource(Script script, ScriptedProber& prober, Metrics& metrics)
    : player_(std::move(script)),
      prober_(prober),
      edits_(metrics.counter("dmp_local_registry_script_edits_total",
                             "Edits of devices the script has made.")) {}

void ScriptedSource::begin(const SightingSink& sink) {
  for (Sighting& seen : player_.begin({clock_.wall_us(), clock_.steady()})) sink(std::move(seen));
}

void ScriptedSource::read(const SightingSink& sink) {
  for (const ProbeOrder& order : prober_.take()) sink(player_.answer(order));
}

void ScriptedSource::tick(SteadyTime now, const SightingSink& sink) {
  const std::uint64_t before = player_.edits();
  for (Sighting& seen : player_.tick({clock_.wall_us(), now})) sink(std::move(seen));
  edits_.add(static_cast<double>(player_.edits() - before));
  if (player_.is_finished()) log_info("script_finished", {{"edits", player_.edits()}});
}

}  // namespace dmp::local
