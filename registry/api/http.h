// One HTTP exchange as the API sees it, without the library that carries it. Plain values.
#pragma once

#include <functional>
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
  std::string body{};
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};  // besides Content-Type and -Length
};

// Sends the response; called once per request, from any thread. Never throws.
using Reply = std::function<void(HttpResponse)>;

}  // namespace dmp::registry::api
