// HttpProber: asks devices over HTTP, on a few threads of its own.
//
// Every request has 2 s to connect and 5 s in all, with no pause above 3 s, for at most 64 KiB;
// redirects are not followed, nothing secret is sent. Orders wait in a bounded queue; a full one
// refuses.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "local-registry/ports.h"

namespace dmp::local {

class HttpProber final : public Prober {
 public:
  static constexpr std::size_t kThreads = 3;
  static constexpr std::size_t kOrdersMax = 64;

  // `profiles`, `events` and `metrics` outlive it.
  HttpProber(const std::vector<Profile>& profiles, EventQueue& events, Metrics& metrics);
  ~HttpProber() override;
  HttpProber(const HttpProber&) = delete;
  HttpProber& operator=(const HttpProber&) = delete;

  void run();
  // Waits for the requests under way, 5 s at most. Idempotent.
  void stop();

  bool ask(const ProbeOrder& order) override;

 private:
  void work();
  void report(ProbeFinished finished);
  [[nodiscard]] ProbeOutcome probe(const Profile& profile, const Clues& clues) const;

  const std::vector<Profile>& profiles_;
  EventQueue& events_;
  Metrics& metrics_;
  BoundedQueue<ProbeOrder> orders_;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace dmp::local
