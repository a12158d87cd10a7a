// LanWatch: one thread that listens to all LAN sources and pushes what they saw into the queue.
// A full queue drops the sighting and counts it; the kernel and the devices will repeat themselves.
// If the system refuses to wait, that is logged, counted and tried again after a second.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "local-registry/adapters/file_handle.h"
#include "local-registry/adapters/lan_source.h"
#include "local-registry/ports.h"

namespace dmp::local {

class LanWatch {
 public:
  LanWatch(std::vector<std::unique_ptr<LanSource>> sources, EventQueue& events, Metrics& metrics);
  ~LanWatch();
  LanWatch(const LanWatch&) = delete;
  LanWatch& operator=(const LanWatch&) = delete;

  Status run();
  // Joins. Idempotent.
  void stop();

 private:
  void listen();
  bool is_stopped_within(std::chrono::milliseconds patience);
  void push(Sighting&& sighting);

  std::vector<std::unique_ptr<LanSource>> sources_;
  EventQueue& events_;
  Counter dropped_;
  Counter poll_errors_;
  FileHandle wake_;  // an eventfd: readable once stop() was called
  std::mutex mutex_;
  std::condition_variable stopping_changed_;
  bool stopping_ = false;  // protected by mutex_
  std::thread thread_;
};

}  // namespace dmp::local
