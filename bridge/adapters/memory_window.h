// MemoryWindow: a Window that a killed process loses. For tests, and for bridges all of whose
// publishers send again what was not confirmed.
#pragma once

#include <memory>

#include "bridge/adapters/ring_window.h"

namespace dmp::bridge {

class MemoryImage {
 protected:
  explicit MemoryImage(std::size_t ring_bytes);

  [[nodiscard]] std::span<std::byte> image() const { return {bytes_.get(), size_}; }

 private:
  struct Release {
    void operator()(std::byte* bytes) const;
  };
  std::size_t size_;
  std::unique_ptr<std::byte[], Release> bytes_;
};

class MemoryWindow final : private MemoryImage, public RingWindow {
 public:
  MemoryWindow(std::size_t bytes_max, std::size_t messages_max)
      : MemoryImage(bytes_max), RingWindow(image(), {}, messages_max) {}
};

}  // namespace dmp::bridge
