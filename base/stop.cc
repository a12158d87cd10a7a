#include "base/stop.h"

#include <condition_variable>
#include <csignal>
#include <ctime>
#include <mutex>

#include <pthread.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"

namespace dmp {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  // Who ignores it from the start, as under nohup, is to go on without a terminal.
  struct sigaction hangup {};
  if (sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN) {
    sigaddset(&set, SIGHUP);
  }
  return set;
}

}  // namespace

bool stopped_within(const std::stop_token& token, std::chrono::milliseconds patience) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, token, patience, [] { return false; });
  return token.stop_requested();
}

Stop::Stop(std::chrono::milliseconds end_within) : end_within_(end_within) {
  const sigset_t set = stop_signals();
  DMP_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  DMP_CHECK(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR);
}

Stop::~Stop() = default;

void Stop::run() {
  thread_ = std::jthread([this](const std::stop_token& end) { wait_for_signals(end); });
}

void Stop::wait_for_signals(const std::stop_token& end) {
  const sigset_t set = stop_signals();
  // A bounded wait instead of a wake-up signal: the thread may end a fifth of a second late.
  const timespec patience{0, 200'000'000};
  while (!end.stop_requested()) {
    if (end_by_ && std::chrono::steady_clock::now() >= *end_by_) {
      log_error("stop_overdue", {{"error", "the program did not end in time; it ends itself"}});
      _exit(kOverdue);
    }
    const int signal = sigtimedwait(&set, nullptr, &patience);
    if (signal >= 0) {
      if (source_.stop_requested()) _exit(128 + signal);
      log_info("stop_requested", {{"signal", signal}});
      source_.request_stop();
    }
    if (!end_by_ && source_.stop_requested()) {
      end_by_ = std::chrono::steady_clock::now() + end_within_;
    }
  }
}

}  // namespace dmp
