// The columns each statement of upsert.h takes through `unnest`: text (upsert.cc) and parameters
// (upsert_rows.cc) follow the same lists. Internal to schema/.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "schema/upsert.h"

namespace dmp {

using UnnestColumns = std::vector<std::pair<std::string, std::string>>;  // name, SQL type

inline const UnnestColumns kSessionColumns = {{"rae", "TEXT"},
                                              {"device_session_id", "UUID"},
                                              {"seen_at", "BIGINT"},
                                              {"ended_at", "BIGINT"},
                                              {"end_reason", "TEXT"}};
inline const UnnestColumns kEventColumns = {{"rae", "TEXT"},          {"device_session_id", "UUID"},
                                            {"at", "BIGINT"},         {"kind", "TEXT"},
                                            {"reason", "TEXT"},       {"facets", "TEXT"},
                                            {"received_at", "BIGINT"}};
inline const UnnestColumns kRaeColumns = {{"rae", "TEXT"},
                                          {"presence_at", "BIGINT"},
                                          {"presence_status", "TEXT"},
                                          {"presence_status_text", "TEXT"},
                                          {"agent_version", "TEXT"},
                                          {"last_heard_at", "BIGINT"},
                                          {"bridge", "TEXT"},
                                          {"roster_at", "BIGINT"}};
inline const UnnestColumns kSeenColumns = {
    {"rae", "TEXT"}, {"device_session_id", "UUID"}, {"seen_at", "BIGINT"}};
inline const UnnestColumns kBridgeColumns = {{"bridge", "TEXT"}, {"sent_at", "BIGINT"}};
inline const UnnestColumns kBeatColumns = {
    {"topic", "TEXT"}, {"partition", "INT4"}, {"behind_ms", "BIGINT"}};

// kSessionColumns and then those of each of these facets.
UnnestColumns session_columns(FacetSet facets);

}  // namespace dmp
