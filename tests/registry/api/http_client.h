// A small HTTP/1.1 client for tests that must also send what no library would.
#pragma once

#include <map>
#include <string>

namespace dmp::registry {

struct HttpAnswer {
  int status = 0;                              // 0: the connection ended without an answer
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// One connection to 127.0.0.1, closed at the end of its life. Waits at most 20 s for an answer.
class HttpClient {
 public:
  explicit HttpClient(int port);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  [[nodiscard]] bool connected() const { return socket_ >= 0; }

  void send(const std::string& bytes);
  // `headers`: whole lines with their line ends.
  // REQUIRES for HEAD: `with_body` false.
  HttpAnswer receive(bool with_body = true);

  HttpAnswer get(const std::string& target, const std::string& token,
                 const std::string& method = "GET", const std::string& headers = "");

 private:
  bool receive_more();

  int socket_ = -1;
  std::string received_;
};

// A port of 127.0.0.1 on which somebody listens.
class TakenPort {
 public:
  TakenPort();
  ~TakenPort();
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;

  [[nodiscard]] int port() const { return port_; }
  // The listening socket; it stays this object's.
  [[nodiscard]] int fd() const { return socket_; }

 private:
  int socket_ = -1;
  int port_ = 0;
};

}  // namespace dmp::registry
