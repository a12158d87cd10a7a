// MemoryBound: the memory that ingest takes at most, whatever the backlog. Pure.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dmp::registry {

struct MemoryBound {
  std::int64_t fixed_bytes = 0;          // the program, lanes and producers
  std::int64_t per_partition_bytes = 0;  // fetched and not taken

  [[nodiscard]] std::int64_t bytes(std::size_t partitions) const {
    return fixed_bytes + static_cast<std::int64_t>(partitions) * per_partition_bytes;
  }
};

}  // namespace dmp::registry
