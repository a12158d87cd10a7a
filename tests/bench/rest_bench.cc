// dmp-bench-rest: people who ask the REST API, and clients that watch it.
#include <string>

#include "base/settings.h"
#include "base/stop.h"
#include "tests/bench/bench_main.h"
#include "tests/bench/rest_load.h"

namespace {

void add_to(dmp::Settings& settings, std::string& command, dmp::bench::RestLoad& load) {
  constexpr std::int64_t kRateMax = 100'000;
  settings.commands(command, {{"ask", "lists, devices, SELECT 1, each at its rate"},
                              {"watch", "clients that watch"}});
  settings.add("url", load.url, "of the API, without a path");
  settings.add("ca", load.ca, "file: who signed the API's certificate");
  settings.add("token-file", load.token_file, "holds the bearer token");
  settings.add("database", load.database, "libpq connection string, for SELECT 1");
  settings.add("devices", load.devices, "there are", 1, 100'000'000);
  settings.add("groups", load.groups, "of them, by model", 1, 1'000'000);
  settings.add("seconds", load.seconds, "to ask or watch", 1, 3600);
  settings.add("watchers", load.watchers, "clients", 0, 100'000);
  settings.add("connects-per-second", load.connects_per_s, "of clients", 1, kRateMax);
  settings.add("list-per-second", load.lists_per_s, "of one group each", 0, kRateMax);
  settings.add("get-per-second", load.gets_per_s, "of one device each", 0, kRateMax);
  settings.add("plain-per-second", load.plain_per_s, "refused without a look at the database", 0,
               kRateMax);
  settings.add("selects-per-second", load.selects_per_s, "SELECT 1", 0, kRateMax);
}

}  // namespace

int main(int argc, char** argv) {
  dmp::Stop stop;
  std::string command;
  dmp::bench::RestLoad load;
  return dmp::bench::bench_main(
      {.name = "dmp-bench-rest",
       .about = "Load for the REST bench.",
       .declare = [&](auto& settings) { add_to(settings, command, load); },
       .run =
           [&] {
             stop.run();
             return command == "ask" ? dmp::bench::ask(load)
                                     : dmp::bench::watch(load, stop.token());
           }},
      argc, argv);
}
