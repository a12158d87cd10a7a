// Plant: a rule broken on purpose, to see that the simulation notices. Nothing in the product knows
// of it: the simulated machine, network or registry changes or drops messages instead. (Freeing on
// PUBACK is a setting that exists to show what it loses.)
#pragma once

namespace dmp::simulation {

enum class Plant {
  kNone,
  kWillWithOwnStamp,           // the Will has the stamp of its connection's `online`
  kRosterStampedAfterListing,  // a roster's stamp is later than its list
  kNoFloor,                    // the registry tells nobody where it stands
  kFreesOnPuback,              // an agent forgets what the broker took before Kafka has it
  // No rule is broken, but there are copies of disks whose dice fall alike: they go on with the
  // same stamps, as one pair in 65,536 does. The rules converge in most of these histories, not in
  // all.
  kAlikeDice,
  // So, and an agent that is told its own Will's stamp reconnects (`>=` for `>`).
  kReconnectsAtOwnWill,
};

constexpr bool has_alike_dice(Plant plant) {
  return plant == Plant::kAlikeDice || plant == Plant::kReconnectsAtOwnWill;
}

}  // namespace dmp::simulation
