// AdminPort: /livez, /readyz, /metrics and POST /stop of a program, on loopback.
//
// /livez answers 200 while the program's loop makes progress, /readyz while it can do its work;
// otherwise both answer 503 and say why in one line of plain text. POST /stop does what SIGTERM
// does; it is answered with 202 before the program has drained, and refused with 403 to whoever is
// not on this machine, whatever address the port is bound to, and to browsers. What `checks` holds
// is called on the port's own threads and must be thread-safe. Metrics must outlive the port.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "base/result.h"

namespace dmp {

struct Verdict {
  bool good = false;
  std::string reason;  // for people; also when good ("lag 0 records")
};

struct AdminChecks {
  std::function<Verdict()> live;
  std::function<Verdict()> ready;
  // /readyz/NAME: a part that others depend on alone, whatever else of the program is not ready.
  std::map<std::string, std::function<Verdict()>> parts = {};
  std::function<void()> stop = {};  // none: there is no /stop
};

// 127.0.0.0/8 or ::1, also when written as ::ffff:127.0.0.1.
bool is_loopback(std::string_view address);

class AdminPort {
 public:
  AdminPort(const Metrics& metrics, AdminChecks checks);
  ~AdminPort();
  AdminPort(const AdminPort&) = delete;
  AdminPort& operator=(const AdminPort&) = delete;

  // Binds (port 0: any free one) and starts answering. The port it got.
  Result<int> run(const std::string& address, int port);

  // Stops answering and joins. Idempotent.
  void stop();

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

}  // namespace dmp
