// What stands between Paho C and its handling of a PUBACK, see ../paho.cmake: the linker leads a
// call of f to __wrap_f.
//
// Paho C 1.3.12 tells the reason code of a publish that failed, but not of one that succeeded:
// 0x10, that nobody is subscribed, would look like 0. It handles a PUBACK and calls the publish's
// callback one after the other in one thread, so the code is kept for that thread.
#include "cmake/paho/pubacks.h"

namespace {

// The beginning of Paho's own struct for it. That it looks so is seen by
// tests/bridge/source_contract_test.cc.
struct Puback {
  unsigned int header;
  int message_id;
  unsigned char reason;
};

thread_local int reason = 0;

}  // namespace

extern "C" {

int puback_reason(void) { return reason; }

int __real_MQTTProtocol_handlePubacks(void* puback, int socket, void** publication);

int __wrap_MQTTProtocol_handlePubacks(void* puback, int socket, void** publication) {
  reason = static_cast<const Puback*>(puback)->reason;  // it is freed now
  return __real_MQTTProtocol_handlePubacks(puback, socket, publication);
}

}  // extern "C"
