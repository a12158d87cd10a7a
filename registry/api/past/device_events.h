// The answer to GET /v1/devices/{device_id}/events: what changed, newest first, each event against
// what its session said before. Called by worker threads.
#pragma once

#include "registry/api/query/queries.h"
#include "registry/api/reader.h"
#include "registry/api/scope.h"

namespace dmp::registry::api {

Answer<HttpResponse> answer_events(const EventsQuery& query, const Scope& scope, Reader& reader);

}  // namespace dmp::registry::api
