#include <cstdio>
#include <thread>

#include "ctl/adapters/pqxx_cloud.h"
#include "ctl/adapters/sqlite_agent.h"
#include "ctl/adapters/verdict_json.h"
#include "ctl/compare_command.h"
#include "ctl/options.h"

namespace {

constexpr int kDifferent = 1;
constexpr int kCannotRead = 3;

int compare(const dmp::ctl::Options& options) {
  using namespace dmp::ctl;
  SqliteAgent agents;
  PqxxCloud cloud(options.database);
  dmp::SystemClock clock;
  const auto pause = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
  const auto verdict =
      compare_within({options.agents, options.within, static_cast<std::size_t>(options.show)},
                     {agents, cloud, clock, pause});
  if (!verdict) {
    std::fprintf(stderr, "dmpctl: %s\n", verdict.error().message.c_str());
    return kCannotRead;
  }
  std::fputs((options.json ? json_of(*verdict) : text_of(*verdict)).c_str(), stdout);
  return verdict->is_equal() ? 0 : kDifferent;
}

}  // namespace

int main(int argc, char** argv) {
  dmp::ctl::Options options;
  dmp::Settings settings("dmpctl", "Looks after a device management platform.");
  options.declare(settings);
  const auto parsed = settings.parse(argc, argv);
  if (const auto status = dmp::exit_status(parsed, "dmpctl")) return *status;
  try {
    return compare(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dmpctl: unexpected: %s\n", error.what());
    return kCannotRead;
  }
}
