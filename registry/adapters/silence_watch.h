// SilenceWatch: ends waits for a server that stands still while its kernel goes on answering.
//
// Neither a statement's timeout, which is the server's, nor TCP's ends such a wait. One thread of
// the process looks four times a second at all lines; it shuts the socket of one that has waited
// longer than its limit, and the call that waits fails.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace dmp::registry {

class SilenceWatch {
 public:
  // One client's connection, one after the other. Owned by the thread that waits; cut() may come
  // from any.
  class Line {
   public:
    explicit Line(SilenceWatch& watch);
    ~Line();
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    // The line keeps a handle of its own to the socket, so that shutting it can never meet another
    // file that got the same number.
    void connected(int socket);
    void disconnected();

    // 0: without end.
    void set_limit(std::chrono::milliseconds limit) { limit_ms_ = limit.count(); }

    void wait_begins(SteadyTime now) { began_ = now.time_since_epoch().count(); }
    // An answer has come and another is waited for: it may take as long again.
    void answered() { wait_begins(std::chrono::steady_clock::now()); }
    void wait_ends() { began_ = kIdle; }

    // How long the server had been silent when its connection was shut for it; 0: it was not.
    [[nodiscard]] std::chrono::seconds silence() const;

    // Makes a call that waits, and every later one on this connection, fail.
    void cut();

   private:
    friend class SilenceWatch;
    static constexpr SteadyTime::rep kIdle = 0;

    void look(SteadyTime now);

    SilenceWatch& watch_;
    std::atomic<SteadyTime::rep> began_{kIdle};
    std::atomic<std::chrono::milliseconds::rep> limit_ms_{0};
    mutable std::mutex mutex_;
    // Protected by mutex_.
    int socket_ = -1;
    std::chrono::seconds silence_{0};
  };

  SilenceWatch() = default;
  SilenceWatch(const SilenceWatch&) = delete;
  SilenceWatch& operator=(const SilenceWatch&) = delete;

  // The process's own, which looks by itself while anybody holds it.
  static std::shared_ptr<SilenceWatch> running();

  // What its thread does, four times a second. Thread-safe.
  void look(SteadyTime now);

 private:
  void run();

  std::mutex mutex_;
  std::vector<Line*> lines_;  // protected by mutex_
  std::jthread thread_;       // ends before what is above goes
};

}  // namespace dmp::registry
