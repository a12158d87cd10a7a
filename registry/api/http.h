// One HTTP exchange as the API sees it, without the library that carries it. Plain values.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace dmp::registry::api {

struct HttpRequest {
  std::string method;
  std::string target;         // path and query, still percent-encoded
  std::string authorization;  // headers' values, empty if there is none
  std::string accept{};
  std::string if_match{};
  std::string if_none_match{};
  std::string content_type{};
  std::string last_event_id{};
  std::string body{};
};

// A body that comes bit by bit, as fast as the client takes it. Thread-safe.
class Stream {
 public:
  struct Piece {
    std::size_t bytes = 0;
    bool end = false;  // nothing will follow
  };

  virtual ~Stream() = default;

  // Copies at most `bytes` to `to`. If there is nothing yet, `wake` is kept and called once, from
  // any thread, when asking again is worth while.
  virtual Piece take(char* to, std::size_t bytes, std::function<void()> wake) = 0;

  // Nobody takes any more.
  virtual void close() = 0;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};  // besides Content-Type and -Length
  std::shared_ptr<Stream> stream{};                            // instead of the body
  bool from_memory = false;                                    // without a look at the database
};

// Sends the response; called once per request, from any thread. Never throws.
using Reply = std::function<void(HttpResponse)>;

}  // namespace dmp::registry::api
