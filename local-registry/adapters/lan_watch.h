// LanWatch: one thread that listens to all LAN sources and pushes what they saw into the queue.
// A full queue drops the sighting and counts it; the kernel and the devices will repeat themselves.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "local-registry/adapters/file_handle.h"
#include "local-registry/adapters/lan_source.h"
#include "local-registry/ports.h"

namespace dmp::local {

class LanWatch {
 public:
  LanWatch(std::vector<std::unique_ptr<LanSource>> sources, EventQueue& events);
  ~LanWatch();
  LanWatch(const LanWatch&) = delete;
  LanWatch& operator=(const LanWatch&) = delete;

  Status run();
  // Joins. Idempotent.
  void stop();

  // Thread-safe.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  void listen();
  void push(Sighting&& sighting);

  std::vector<std::unique_ptr<LanSource>> sources_;
  EventQueue& events_;
  std::atomic<std::uint64_t> dropped_ = 0;
  FileHandle wake_;  // an eventfd: readable once stop() was called
  std::thread thread_;
};

}  // namespace dmp::local
