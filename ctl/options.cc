#include "ctl/options.h"

namespace dmp::ctl {

using std::chrono::milliseconds;

void Options::declare(Settings& settings) {
  settings.commands(command, {{"compare",
                               "compares agents' databases with the registry's, facet by facet; "
                               "ends with 0: equal, 1: different, 2: usage, 3: cannot read"}});
  settings.add("agent", agents, "database files of agents, separated by commas");
  settings.add("database", database, "the registry's database, libpq connection string or URI");
  settings.add("within", within, "how long to compare again until equal", milliseconds(0),
               milliseconds(24 * 3'600'000));
  settings.add("show", show, "how many differences to print", 0, 100'000);
  settings.add("json", json, "one JSON object instead of text");
  settings.check([this] { return check(); });
}

Status Options::check() const {
  if (agents.empty()) return fail("bad_setting", "setting agent is empty; name database files");
  if (database.empty()) {
    return fail("bad_setting", "setting database is empty; `./dmp env` prints one");
  }
  return {};
}

}  // namespace dmp::ctl
