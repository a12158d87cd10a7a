// The hot path of decoding: device updates that are as they should be, by RapidJSON.
//
// It only says yes, and then exactly what decode_update would say; whatever it does not accept goes
// to decode_update, which says why not (tests/schema/fast_decode_test.cc holds one against the
// other). Pure; thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "schema/messages.h"

namespace dmp {

// `bytes` must be no longer and no deeper nested than Limits allow.
std::optional<DeviceUpdate> fast_decode_update(std::string_view bytes, std::string_view rae,
                                               const SessionId& session);

}  // namespace dmp
