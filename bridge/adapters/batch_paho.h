// Lets this program's Paho C read and acknowledge by the batch; cmake/paho/batch.cc says how.
#pragma once

#ifdef DMP_PAHO_UNWATCHED
extern "C" void batch_paho(void);
#endif

namespace dmp::bridge {

// Before the first connection, from any thread. Nothing if Paho is linked as Debian has it.
inline void batch_paho() {
#ifdef DMP_PAHO_UNWATCHED
  ::batch_paho();
#endif
}

}  // namespace dmp::bridge
