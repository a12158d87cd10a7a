// Lets this program's Paho C read and acknowledge by the batch, and stop reading;
// cmake/paho/batch.cc says how.
#pragma once

extern "C" {

// Before the first connection, from any thread.
void batch_paho(void);

// From any thread; on Paho's own, at once: no connection of this program is read from until
// release_paho(). None may be begun meanwhile.
void hold_paho(void);
void release_paho(void);

}  // extern "C"
