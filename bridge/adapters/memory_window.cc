#include "bridge/adapters/memory_window.h"

#include <new>

namespace dmp::bridge {
namespace {

constexpr std::align_val_t kAlign{4096};

}  // namespace

// Not initialised: pages that are never used cost nothing.
MemoryImage::MemoryImage(std::size_t ring_bytes)
    : size_(kImageHeadBytes + ring_bytes),
      bytes_(static_cast<std::byte*>(operator new(size_, kAlign))) {
  format_image(image(), "");
}

void MemoryImage::Release::operator()(std::byte* bytes) const { operator delete(bytes, kAlign); }

}  // namespace dmp::bridge
