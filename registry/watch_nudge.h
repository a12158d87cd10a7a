// NudgingStore: a DeviceStore that tells when it has written something. As thread-safe as what it
// tells.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "registry/ports.h"

namespace dmp::registry {

class NudgingStore final : public DeviceStore {
 public:
  NudgingStore(std::unique_ptr<DeviceStore> store, std::function<void()> nudge)
      : store_(std::move(store)), nudge_(std::move(nudge)) {}

  SqlResult<Written> write(const Rows& rows) override {
    auto written = store_->write(rows);
    if (written) nudge_();
    return written;
  }
  SqlResult<void> beat(const std::vector<Beat>& beats) override { return store_->beat(beats); }
  SqlResult<std::vector<RaeFloor>> floors(const std::vector<RaeSerial>& raes) override {
    return store_->floors(raes);
  }
  void interrupt() override { store_->interrupt(); }

 private:
  const std::unique_ptr<DeviceStore> store_;
  const std::function<void()> nudge_;
};

}  // namespace dmp::registry
