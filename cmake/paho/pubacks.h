// What Paho C hides of a PUBACK; cmake/paho/pubacks.cc says how it is seen.
#pragma once

extern "C" {

// The reason code (MQTT 5.0, 3.4.2.1) of the PUBACK by which a publish with QoS 1 has just
// succeeded. Only within the callback of its success; there is none for other QoS.
int puback_reason(void);

}  // extern "C"
