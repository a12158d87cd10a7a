// CurlLoop: transfers of libcurl on one thread, woken by epoll: a thousand that wait cost nothing.
#pragma once

#include <chrono>
#include <functional>

#include <curl/curl.h>

namespace dmp::bench {

class CurlLoop {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Of a transfer that has ended and was removed; whether all of its answer has come.
  using Done = std::function<void(CURL* easy, bool whole)>;

  explicit CurlLoop(Done done);
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  void add(CURL* easy) { curl_multi_add_handle(multi_, easy); }
  void remove(CURL* easy) { curl_multi_remove_handle(multi_, easy); }

  // Serves what comes; returns after that, at the latest then.
  void serve_until(Time until);

 private:
  static int note_socket(CURL*, curl_socket_t socket, int what, void* self, void*);
  static int note_timer(CURLM*, long ms, void* self);
  void finish_ended();

  const Done done_;
  CURLM* const multi_;
  const int epoll_;
  Time timer_ = Time::max();  // when libcurl wants to be called
};

}  // namespace dmp::bench
