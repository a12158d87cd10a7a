// MappedWindow: the Window in a file, so that it survives a kill of this process at any moment.
//
// Opened again it holds, in order, every message not freed. It survives power loss as far as the
// disk got it; what is damaged is found, and nothing behind a damage is replayed.
// A file that cannot be used any more is set aside under a name of its own, never deleted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "bridge/adapters/mapped_file.h"
#include "bridge/adapters/ring_window.h"

namespace dmp::bridge {

struct WindowFile {
  std::string path;
  std::string bridge;  // whose it is
  std::size_t bytes_max = 0;
  std::size_t messages_max = 0;
};

// What was found at the start.
struct WindowHistory {
  std::uint64_t replayed = 0;  // messages that were not freed
  std::uint64_t lost = 0;      // messages known to have been there, and not readable
  std::string fault;           // why the file was set aside; empty: it was not
  std::string kept_as;
};

class MappedWindow final : private FileLock, private MappedFile, public RingWindow {
 public:
  static constexpr int kSetAsideMax = 16;  // more faults than that need a person

  // Fails if another process has it open, or if the disk does.
  static Result<std::unique_ptr<MappedWindow>> open(const WindowFile& file);

  [[nodiscard]] const WindowHistory& history() const { return history_; }

 private:
  MappedWindow(FileLock lock, MappedFile file, const Recovered& recovered, std::size_t messages_max,
               WindowHistory history);

  const WindowHistory history_;
};

}  // namespace dmp::bridge
