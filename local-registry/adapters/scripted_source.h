// ScriptedSource: plays a Script on the LAN watch's thread, in place of a real LAN. ScriptedProber:
// takes the agent's probe orders to it.
#pragma once

#include <memory>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "local-registry/adapters/file_handle.h"
#include "local-registry/adapters/lan_source.h"
#include "local-registry/core/script_player.h"
#include "local-registry/ports.h"

namespace dmp::local {

class ScriptedProber final : public Prober {
 public:
  static constexpr std::size_t kOrdersMax = ScriptLimits::kDevices;

  static Result<std::unique_ptr<ScriptedProber>> open();

  bool ask(const ProbeOrder& order) override;

  // Readable while orders may wait.
  [[nodiscard]] int handle() const { return wake_.get(); }
  // All that wait.
  std::vector<ProbeOrder> take();

 private:
  explicit ScriptedProber(FileHandle wake) : wake_(std::move(wake)) {}

  FileHandle wake_;  // an eventfd
  BoundedQueue<ProbeOrder> orders_{kOrdersMax, SIZE_MAX};
};

class ScriptedSource final : public LanSource {
 public:
  // `prober` and `metrics` outlive it.
  ScriptedSource(Script script, ScriptedProber& prober, Metrics& metrics);

  [[nodiscard]] std::vector<int> handles() const override { return {prober_.handle()}; }
  void begin(const SightingSink& sink) override;
  void read(const SightingSink& sink) override;
  [[nodiscard]] SteadyTime next_tick() const override { return player_.next_tick(); }
  void tick(SteadyTime now, const SightingSink& sink) override;

 private:
  ScriptPlayer player_;
  ScriptedProber& prober_;
  SystemClock clock_;
  Counter edits_;
};

}  // namespace dmp::local
