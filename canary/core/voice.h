// Voice: what one client says. Each is a RAE of its own, `canary-{run}-{number}`, with one device,
// and speaks as a real agent does: presence, and updates that carry whole facets. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/messages.h"

namespace dmp::canary {

// Serial of a run's client. REQUIRES: is_run_name(run).
RaeSerial serial_of(std::string_view run, std::int64_t client);

// `[a-z0-9]{1,20}`: the whole serial must stay a RAE's.
bool is_run_name(std::string_view run);

// Short, and rising: `r`, seconds since the epoch and four random digits, all in base 36. Two runs
// that begin in the same second have the same name once in 1.7 million times.
std::string run_name(std::int64_t wall_us, std::uint64_t random);

class Voice {
 public:
  // `padding`: from padding_for. Session and device follow from run and number.
  Voice(std::string_view run, std::int64_t client, const std::vector<HealthReason>& padding);

  [[nodiscard]] const RaeSerial& rae() const { return rae_; }
  [[nodiscard]] const SessionId& session() const { return session_; }

  // A stamp above all before it: `wall_us` if that is.
  Timestamp stamp(std::int64_t wall_us);

  [[nodiscard]] std::string presence(Timestamp stamp, AgentStatus status) const;

  // An update that was due at `wall_us`; the device's app version says so (see due_of).
  [[nodiscard]] std::string update(Timestamp stamp, std::int64_t wall_us);

 private:
  RaeSerial rae_;
  SessionId session_;
  DeviceUpdate said_;
  Timestamp last_;
};

// Reasons that bring an update to about `bytes`, as far as the contract's limits let it.
std::vector<HealthReason> padding_for(std::size_t bytes);

// When the update was due that made a device show this app version; 0 if it is none of ours.
std::int64_t due_of(std::string_view app_version);

}  // namespace dmp::canary
