// WatchClient: one client of a watch over real HTTP, on one thread: it receives when it is told to.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "tests/registry/api/watch/watched_list.h"

namespace dmp::registry {

class WatchClient {
 public:
  // `target`: with `watch=1`. `receive_bytes`: of the socket's buffer; 0 leaves it alone.
  WatchClient(int port, std::string target, std::string token, int receive_bytes = 0);
  ~WatchClient();
  WatchClient(const WatchClient&) = delete;
  WatchClient& operator=(const WatchClient&) = delete;

  // With the last event id it has. The answer's status; 0: none came. After 410 it has forgotten
  // its id, so that the next call begins with the list.
  int connect();
  void disconnect();
  [[nodiscard]] bool connected() const { return socket_ >= 0; }

  // Takes what comes within `patience`, at least once; false once the stream has ended.
  bool receive(std::chrono::milliseconds patience = std::chrono::milliseconds(20));

  // Receives until the condition holds, connecting again where the stream ends; false after a
  // minute.
  bool receive_until(const std::function<bool()>& condition, bool reconnect = false);

  WatchedList list;
  std::string problem;  // body of the last refusal
  int connects = 0;
  int lists_begun = 0;  // connects that did not go on

 private:
  bool more();
  bool take_chunks();

  const int port_;
  const std::string target_;
  const std::string token_;
  const int receive_bytes_;
  int socket_ = -1;
  std::string received_;
};

}  // namespace dmp::registry
