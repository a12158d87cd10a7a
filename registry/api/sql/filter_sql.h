// Filter to SQL: what a filter means for the stored rows of a session, before anything is derived.
// Pure.
//
// Stored rows cannot tell everything a filter asks (what is shown is derived), so the conditions
// are weaker than the filter or equal to it: whatever passes the filter passes them. They only save
// reading; passes() decides.
#pragma once

#include <string>
#include <vector>

#include "registry/api/query/filter.h"
#include "registry/api/reader.h"

namespace dmp::registry::api {

// Each to be joined by AND; the caller's words stand in them as placeholders only.
struct StoredConditions {
  std::vector<std::string> session;  // over device_session s
  std::vector<std::string> state;    // over device_state t, and s
};

// Without those over the state, if it is not wanted.
StoredConditions stored_conditions(const Filter& filter, Statement& statement,
                                   bool with_state = true);

// Those of them that name states of which few devices are, as a rule, over device_state t alone.
// Each but `unknown` has a partial index. Empty if the filter implies none.
std::vector<std::string> rare_conditions(const Filter& filter, Statement& statement);

}  // namespace dmp::registry::api
