// Record: one Kafka record as the lanes see it, copied out of the library. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dmp::registry {

struct Partition {
  std::string_view topic;  // one of dmp::kafka's names: static storage
  std::int32_t number = 0;

  auto operator<=>(const Partition&) const = default;
};

struct PartitionOffset {
  Partition partition;
  std::int64_t offset = 0;

  bool operator==(const PartitionOffset&) const = default;
};

struct Header {
  std::string name;
  std::string value;

  bool operator==(const Header&) const = default;
};

struct Record {
  Partition partition;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;  // the producer's clock
  std::string key;
  std::string value;
  std::vector<Header> headers;

  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = sizeof(Record) + key.size() + value.size();
    for (const Header& header : headers) {
      sum += sizeof(Header) + header.name.size() + header.value.size();
    }
    return sum;
  }
};

// How much a lane may hold at once. The first record is always taken: no record is larger than
// what a consumer must be able to hold.
struct Credit {
  std::size_t records = 0;
  std::size_t bytes = 0;

  [[nodiscard]] bool left() const { return records > 0 && bytes > 0; }
  void spend(std::size_t record_bytes) {
    records -= 1;
    bytes -= record_bytes < bytes ? record_bytes : bytes;
  }
};

}  // namespace dmp::registry
