// Load: the device updates of the ingest bench, numbered, the same in every run and for every
// rival. Each is about 930 bytes: all of a device, of which software and presence are new.
#pragma once

#include <cstdint>

#include "registry/core/decode_record.h"

namespace dmp::bench {

inline constexpr std::int64_t kFirstStamp = 1'700'000'000'000'000;
inline constexpr std::int64_t kRaes = 100;

struct Load {
  std::int64_t records = 1'000'000;
  std::int64_t sessions = 5'000;  // record n is of session n modulo this
  bool timed = false;             // app_version is `t=` and when it was made, in µs
};

// `number` from 0; its stamp is kFirstStamp + number.
registry::UpdateNews update_number(const Load& load, std::int64_t number);

}  // namespace dmp::bench
