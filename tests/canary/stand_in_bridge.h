// StandInBridge: takes every update from the broker and confirms it, as the bridge does once Kafka
// has it. On a thread of its own.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "canary/adapters/mosquitto_fleet.h"
#include "tests/fixtures/mosquitto.h"

namespace dmp::canary {

class StandInBridge {
 public:
  // Returns when it is subscribed. `every_nth`: of the updates it leaves that many out, 0: none.
  explicit StandInBridge(const test::Mosquitto& broker, int leave_out_every_nth = 0);
  ~StandInBridge();

 private:
  void serve(const std::stop_token& stop);
  void confirm(const std::string& update);

  SystemClock clock_;
  MosquittoFleet fleet_;
  const int leave_out_;
  int taken_ = 0;
  std::atomic<bool> subscribed_ = false;
  std::jthread thread_;
};

}  // namespace dmp::canary
