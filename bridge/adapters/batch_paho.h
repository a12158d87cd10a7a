// Lets this program's Paho C read and acknowledge by the batch, and stop reading;
// cmake/paho/batch.cc says how.
#pragma once

#include <cstdint>

#include "base/clock.h"

extern "C" {

// Before the first connection, from any thread.
void batch_paho(void);

// From any thread; on Paho's own, at once: no connection of this program is read from until
// release_paho(). None may be begun meanwhile.
void hold_paho(void);
void release_paho(void);

// How Paho's receive thread waits for company, until then; null: it sleeps. For tests, which have
// no business with time. From any thread.
void rest_paho_by(void (*rest)(dmp::SteadyTime until));

// How often since the start the receive thread did not sleep, deaf to what comes, after a silence.
// For tests.
std::uint64_t paho_naps_spared(void);

}  // extern "C"
