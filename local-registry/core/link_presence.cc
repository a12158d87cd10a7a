#include "local-registry/core/link_presence.h"

namespace dmp::local {

void LinkPresence::hit() {
  state_ = State::kUp;
  cable_out_ = false;
  missed_ = 0;
}

void LinkPresence::miss(SteadyTime now, std::chrono::milliseconds window) {
  if (missed_ > 0 && now - last_miss_ < limits_.echo) return;
  if (missed_ > 0 && now - last_miss_ > window) missed_ = 0;
  last_miss_ = now;
  if (missed_ < limits_.misses) ++missed_;
  if (missed_ >= limits_.misses) state_ = State::kDown;
}

void LinkPresence::cable_out() {
  state_ = State::kDown;
  cable_out_ = true;
  missed_ = 0;
}

void LinkPresence::doubt() {
  state_ = State::kUnproven;
  cable_out_ = false;
  missed_ = 0;
}

}  // namespace dmp::local
