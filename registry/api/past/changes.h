// Changes: what an event changed, field by field, against what its session said before. Pure.
#pragma once

#include "registry/api/json_writer.h"
#include "schema/facets.h"

namespace dmp::registry::api {

// Writes [{"field":"software.firmware_version","old":"12.0.0","new":"12.5.0"}, ...]. A facet that
// `before` does not hold was never heard of: its first known values have old null. A field that
// was cleared has new null.
void write_changes(const Facets& before, const Facets& event, JsonWriter& json);

// The session's facets after `event`, which carries whole facets.
void apply(const Facets& event, Facets& facets);

}  // namespace dmp::registry::api
