#include "local-registry/program.h"

#include <random>

#include "base/log.h"
#include "local-registry/adapters/http_prober.h"
#include "local-registry/adapters/kernel_neighbours.h"
#include "local-registry/adapters/lan_watch.h"
#include "local-registry/adapters/lease_source.h"
#include "local-registry/adapters/neighbour_source.h"
#include "local-registry/adapters/paho_uplink.h"
#include "local-registry/adapters/profile_files.h"
#include "local-registry/adapters/script_file.h"
#include "local-registry/adapters/scripted_source.h"
#include "local-registry/adapters/sqlite_store.h"
#include "local-registry/adapters/ssdp_source.h"
#include "local-registry/adapters/uuid_identifiers.h"
#include "local-registry/agent.h"

namespace dmp::local {
namespace {

constexpr std::size_t kEventsMax = 4096;
constexpr std::size_t kEventBytesMax = 4 << 20;

// What stands for the LAN: a real one, or a script's.
struct Lan {
  std::vector<Profile> profiles;
  std::vector<std::unique_ptr<LanSource>> sources;
  std::unique_ptr<KernelNeighbours> kernel;         // none without an interface
  std::unique_ptr<ScriptedProber> scripted_prober;  // none without a script

  Status open_interface(const std::string& interface);
  Status open(const Options& options);
  Status open_script(const Options& options, Metrics& metrics);
};

Status Lan::open_interface(const std::string& interface) {
  auto neighbours = NeighbourSource::open(interface);
  if (!neighbours) return tl::unexpected(neighbours.error());
  sources.push_back(std::move(*neighbours));
  auto table = KernelNeighbours::open(interface);
  if (!table) return tl::unexpected(table.error());
  kernel = std::move(*table);
  return {};
}

Status Lan::open(const Options& options) {
  auto loaded = load_profiles(options.profiles);
  if (!loaded) return tl::unexpected(loaded.error());
  profiles = std::move(*loaded);
  if (!options.lan_interface.empty()) {
    if (auto status = open_interface(options.lan_interface); !status) return status;
  }
  if (!options.lease_file.empty()) {
    auto leases = LeaseSource::open(options.lease_file);
    if (!leases) return tl::unexpected(leases.error());
    sources.push_back(std::move(*leases));
  }
  auto ssdp = SsdpSource::open(options.lan_interface, options.static_addresses,
                               searched_services(profiles));
  if (!ssdp) return tl::unexpected(ssdp.error());
  sources.push_back(std::move(*ssdp));
  return {};
}

Status Lan::open_script(const Options& options, Metrics& metrics) {
  auto script = load_script(options.script, options.rae());
  if (!script) return tl::unexpected(script.error());
  auto prober = ScriptedProber::open();
  if (!prober) return tl::unexpected(prober.error());
  scripted_prober = std::move(*prober);
  profiles = {scripted_profile()};
  sources.push_back(
      std::make_unique<ScriptedSource>(std::move(*script), *scripted_prober, metrics));
  return {};
}

AgentSettings agent_settings(const Options& options) {
  AgentSettings settings;
  settings.rae = options.rae();
  settings.static_addresses = options.static_addresses;
  settings.limits.probe.interval = options.probe_interval;
  settings.snapshot_interval = options.snapshot_interval;
  settings.seed = std::random_device()();
  settings.free_on = options.free_on == "puback" ? FreeOn::kPuback : FreeOn::kConfirm;
  return settings;
}

}  // namespace

Status run_program(const Options& options, const std::stop_token& stop) {
  Metrics metrics;
  Lan lan;
  if (auto status = options.script.empty() ? lan.open(options) : lan.open_script(options, metrics);
      !status) {
    return status;
  }
  auto store = SqliteStore::open(options.database, options.rae());
  if (!store) return tl::unexpected(store.error());

  EventQueue events(kEventsMax, kEventBytesMax);
  auto uplink = PahoUplink::create({options.mqtt_uri, options.serial, options.mqtt_ca,
                                    options.mqtt_certificate, options.mqtt_key},
                                   events, metrics);
  if (!uplink) return tl::unexpected(uplink.error());
  SystemClock clock;
  UuidIdentifiers identifiers;
  HttpProber http(lan.profiles, events, metrics);
  Prober* const scripted = lan.scripted_prober.get();
  LanWatch watch(std::move(lan.sources), events, metrics);
  Agent agent(agent_settings(options), lan.profiles, identifiers,
              {clock, *store, **uplink, scripted == nullptr ? http : *scripted, lan.kernel.get()},
              events, metrics);
  if (auto status = agent.load(); !status) return status;
  AdminPort admin(metrics, {.live = [&] { return agent.liveness(); },
                            .ready = [&] { return agent.readiness(); }});
  const auto port = admin.run(options.admin_address, static_cast<int>(options.admin_port));
  if (!port) return tl::unexpected(port.error());
  log_info("started", {{"serial", options.serial},
                       {"version", DMP_VERSION},
                       {"admin_port", *port},
                       {"profiles", lan.profiles.size()}});
  if (scripted == nullptr) http.run();
  if (auto status = watch.run(); !status) return status;
  agent.run(stop);
  watch.stop();
  events.close();
  http.stop();
  admin.stop();
  return {};
}

}  // namespace dmp::local
