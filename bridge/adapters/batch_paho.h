// Lets this program's Paho C read and acknowledge by the batch, and stop reading;
// cmake/paho/batch.cc says how. All of it does nothing if Paho is linked as Debian has it.
#pragma once

#ifdef DMP_PAHO_UNWATCHED
extern "C" {
void batch_paho(void);
void hold_paho(void);
void release_paho(void);
}
#endif

namespace dmp::bridge {

// Before the first connection, from any thread.
inline void batch_paho() {
#ifdef DMP_PAHO_UNWATCHED
  ::batch_paho();
#endif
}

// No connection is read from until release_paho(). From any thread; on Paho's own, at once.
inline void hold_paho() {
#ifdef DMP_PAHO_UNWATCHED
  ::hold_paho();
#endif
}

inline void release_paho() {
#ifdef DMP_PAHO_UNWATCHED
  ::release_paho();
#endif
}

}  // namespace dmp::bridge
