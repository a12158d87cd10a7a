// RestListener: HTTP by cpprestsdk's http_listener. The only code that knows that library.
//
// For loopback, behind a proxy that holds TLS, limits and rate: the library enforces none. The
// handler runs on the library's two pool threads, which also carry all connections: it must not
// block. Those of a process are opened and
// closed one at a time: both threads would wait for each other, and the library closes a port only
// with its last listener. HEAD is answered without a body (the library would send one and break the
// connection), TRACE and OPTIONS go the handler's way instead of the library's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "registry/api/http.h"

namespace dmp::registry {

class RestListener {
 public:
  using Handler = std::function<void(const api::HttpRequest&, api::Reply)>;

  explicit RestListener(Handler handler);
  ~RestListener();
  RestListener(const RestListener&) = delete;
  RestListener& operator=(const RestListener&) = delete;

  // Opens `address`:`port` (0: any free one). The port it got.
  Result<int> run(const std::string& address, int port);

  struct Farewell {
    std::chrono::milliseconds drain{5000};  // at most, for requests in work: closing cuts them
    std::chrono::milliseconds linger{500};  // at least, so that a proxy's check can notice
  };

  // From now on every request is answered 503; then the port is closed. Idempotent.
  void stop(Farewell farewell);

 private:
  struct Server;
  std::shared_ptr<Server> server_;
};

}  // namespace dmp::registry
