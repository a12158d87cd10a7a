#include "tests/bench/curl_loop.h"

#include <algorithm>
#include <array>

#include <sys/epoll.h>
#include <unistd.h>

namespace dmp::bench {
namespace {

using std::chrono::steady_clock;

// Kept for the next request, as a browser or a client library does.
constexpr long kIdleConnectionsMax = 64;

timespec until_then(CurlLoop::Time then) {
  const auto left = std::max(then - steady_clock::now(), steady_clock::duration::zero());
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
  return {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
}

}  // namespace

CurlLoop::CurlLoop(Done done)
    : done_(std::move(done)), multi_(curl_multi_init()), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, note_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, note_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnectionsMax);
}

CurlLoop::~CurlLoop() {
  curl_multi_cleanup(multi_);
  close(epoll_);
}

int CurlLoop::note_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  const int epoll = static_cast<CurlLoop*>(self)->epoll_;
  epoll_event event{};
  event.data.fd = socket;
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nullptr);
  } else if (epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) != 0) {
    epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
  }
  return 0;
}

int CurlLoop::note_timer(CURLM*, long ms, void* self) {
  static_cast<CurlLoop*>(self)->timer_ =
      ms < 0 ? Time::max() : steady_clock::now() + std::chrono::milliseconds(ms);
  return 0;
}

void CurlLoop::serve_until(Time until) {
  std::array<epoll_event, 64> events{};
  const timespec wait = until_then(std::min(until, timer_));
  const int count =
      epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &wait, nullptr);
  int running = 0;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    int what = 0;
    if ((event.events & EPOLLIN) != 0) what |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) what |= CURL_CSELECT_OUT;
    if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) what |= CURL_CSELECT_ERR;
    curl_multi_socket_action(multi_, event.data.fd, what, &running);
  }
  if (timer_ <= steady_clock::now()) {
    timer_ = Time::max();
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  finish_ended();
}

void CurlLoop::finish_ended() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;  // the message is gone once it is removed
    const bool whole = message->data.result == CURLE_OK;
    remove(easy);
    done_(easy, whole);
  }
}

}  // namespace dmp::bench
