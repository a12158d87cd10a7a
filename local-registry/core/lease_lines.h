// LeaseLines: dnsmasq's lease file, read again and again.
//
// A lease is fresh when it was granted or renewed since the last reading; what the first reading
// finds is not, nor what comes back unchanged after the file was cut short. A lease that vanished
// says nothing: devices do not give leases back when they are unplugged. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "local-registry/core/sighting.h"

namespace dmp::local {

class LeaseLines {
 public:
  static constexpr std::size_t kLeasesMax = 4096;

  // What is new in the file's whole content. A last line without its end is not there yet.
  std::vector<LeaseSeen> read(std::string_view content);

 private:
  struct Lease {
    std::int64_t expires = 0;
    std::string mac;
    std::string hostname;
    bool operator==(const Lease&) const = default;
  };

  std::map<std::string, Lease> known_;  // by address
  bool is_first_ = true;
};

}  // namespace dmp::local
