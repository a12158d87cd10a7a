// LanSource: something on the LAN to listen to. Owned by the LanWatch thread after the start.
#pragma once

#include <functional>
#include <vector>

#include "base/clock.h"
#include "local-registry/core/sighting.h"

namespace dmp::local {

using SightingSink = std::function<void(Sighting&&)>;

class LanSource {
 public:
  virtual ~LanSource() = default;

  // What to wait for; stays the same.
  [[nodiscard]] virtual std::vector<int> handles() const = 0;
  // What is there already, or first questions.
  virtual void begin(const SightingSink& sink) = 0;
  // One of the handles is readable.
  virtual void read(const SightingSink& sink) = 0;
  // When tick() wants to be called next; never goes back by itself.
  [[nodiscard]] virtual SteadyTime next_tick() const { return SteadyTime::max(); }
  virtual void tick(SteadyTime /*now*/, const SightingSink& /*sink*/) {}
};

}  // namespace dmp::local
