// The hot path of decoding: device updates that are as they should be, by RapidJSON.
//
// It only says yes, and then exactly what slow_decode_update would say; whatever it does not accept
// goes to that one, which says why not (tests/schema/fast_decode_test.cc holds one against the
// other). Pure; thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "schema/codec.h"

namespace dmp {

std::optional<ReadUpdate> fast_read_update(std::string_view bytes, std::string_view rae,
                                           const SessionId& session);

}  // namespace dmp
