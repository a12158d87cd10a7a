// RestCloud: what the REST list shows of the canary's devices, read on a thread of its own and on
// one connection: a sample of clients one after the other, or on request all of them.
//
// A sighting's time is when the answer was here, so it includes the read and the pause between two
// reads of the same device: it is never earlier than somebody who asks could have seen it.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "canary/core/rest_trouble.h"
#include "canary/ports.h"

namespace dmp::canary {

struct RestAccess {
  std::string url;    // https://HOST:PORT
  std::string ca;     // PEM file
  std::string token;  // the bearer's
};

class RestCloud final : public Cloud {
 public:
  // `sample`: serials to look at; `run`: whose devices a census takes. `clock`, `queue` outlive it.
  RestCloud(RestAccess access, std::string run, std::vector<std::string> sample, const Clock& clock,
            ObservationQueue& queue);
  ~RestCloud() override;

  void run();
  void ask_to_stop() { thread_.request_stop(); }  // does not wait
  void stop();
  void take_census() override { census_wanted_ = true; }

  // REQUIRES: stop() was called.
  [[nodiscard]] const RestTrouble& trouble() const { return trouble_; }

 private:
  struct Connection;

  void watch(const std::stop_token& stop);
  void failed(const Connection& connection);
  void look_at(Connection& connection, std::size_t sampled);
  void count_all(Connection& connection, const std::stop_token& stop);

  const RestAccess access_;
  const std::string prefix_;
  const std::vector<std::string> sample_;
  const Clock& clock_;
  ObservationQueue& queue_;
  std::vector<std::int64_t> shown_;  // by sampled client, when the update was due
  std::atomic<bool> census_wanted_ = false;
  RestTrouble trouble_;     // of the thread, until it has ended
  SteadyTime last_read_{};  // when the one before ended, well or not
  std::jthread thread_;
};

}  // namespace dmp::canary
