// The answer to GET /v1/devices/{device_id}/timeline. Called by worker threads.
#pragma once

#include "registry/api/query/queries.h"
#include "registry/api/reader.h"
#include "registry/api/scope.h"

namespace dmp::registry::api {

// {"from":US,"to":US,"known_from":US or null,"sessions":[{"rae","device_session_id",
//  "presence":[{"from","to","status","reason"}],"usage":[{"from","to","state","holder"}]}]}
// History is kept for a while only: before `known_from` nothing is known any more.
Answer<HttpResponse> answer_timeline(const TimelineQuery& query, const Scope& scope,
                                     Reader& reader);

}  // namespace dmp::registry::api
