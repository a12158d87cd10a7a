// What a filter demands of every device, so that the others need not be asked. Pure.
#pragma once

#include "registry/api/query/filter.h"

namespace dmp::registry::api {

// The test that every device which passes must pass, and the fewest do as a rule; null: none such.
// Of the kind `attribute == value`; for numbers and sets of words, which have more than one
// spelling or value, there is none.
const Test* demanded_value(const Filter& filter);

}  // namespace dmp::registry::api
