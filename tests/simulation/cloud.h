// Cloud: the registry's rules: decode, fold, the model of the upsert that other tests hold against
// a real PostgreSQL, what its view shows, and who is told to resync. Owned by the world's one
// thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "registry/core/resync_pace.h"
#include "tests/registry/fakes.h"
#include "tests/simulation/network.h"
#include "tests/simulation/plant.h"

namespace dmp::simulation {

class Cloud {
 public:
  Cloud(Timeline& timeline, Dice& dice, Network& network, Plant plant)
      : timeline_(timeline), dice_(dice), network_(network), plant_(plant) {}

  void consume(const registry::Record& record);

  // As the view shows it: "", or what makes us doubt the RAE.
  [[nodiscard]] std::string doubt(const RaeSerial& rae) const;
  // The sessions a list shows, with their facets as stored.
  [[nodiscard]] std::map<SessionId, SessionRow> visible(const RaeSerial& rae) const;
  // Whether this visible session was named since its RAE connected.
  [[nodiscard]] bool is_confirmed(const SessionRow& row) const;

  [[nodiscard]] std::int64_t resyncs() const { return resyncs_; }

 private:
  void write_batch();
  void tell_behind();

  Timeline& timeline_;
  Dice& dice_;
  Network& network_;
  const Plant plant_;
  registry::FakeStore store_;
  registry::Fold fold_;
  registry::ResyncPace pace_;
  // Of the batch that is being collected.
  bool batch_open_ = false;
  std::vector<registry::Sender> senders_;
  std::vector<registry::Sender> behind_;
  std::int64_t resyncs_ = 0;
};

}  // namespace dmp::simulation
