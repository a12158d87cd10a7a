// SsdpSource: UPnP discovery. Listens to announcements on one interface and searches for the
// services of the profiles: at the start, again 3 s later, then every minute; on the LAN by
// multicast, and straight at each address that is to be probed without a LAN.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "local-registry/adapters/file_handle.h"
#include "local-registry/adapters/lan_source.h"

namespace dmp::local {

class SsdpSource final : public LanSource {
 public:
  // `lan`: the interface, empty for none.
  static Result<std::unique_ptr<SsdpSource>> open(const std::string& lan,
                                                  std::vector<std::string> addresses,
                                                  const std::vector<std::string>& services);

  [[nodiscard]] std::vector<int> handles() const override;
  void begin(const SightingSink& sink) override;
  void read(const SightingSink& sink) override;
  [[nodiscard]] SteadyTime next_tick() const override { return search_at_; }
  void tick(SteadyTime now, const SightingSink& sink) override;

 private:
  SsdpSource() = default;
  Status listen(const std::string& lan);
  void search() const;

  FileHandle asking_;     // sends searches, gets their answers
  FileHandle listening_;  // gets announcements; only with a LAN
  std::vector<std::string> targets_;
  std::vector<std::string> searches_;
  int searches_done_ = 0;
  SteadyTime search_at_{};
};

}  // namespace dmp::local
