// The answers to GET /v1/devices/{device_id}?at=TIME and .../diff: what a device was at a moment,
// and what changed between two, as its RAEs said it. Called by worker threads.
//
// History is bounded; the answers say by what, from when on it tells everything, and of which
// facets it does not tell. A moment before all that is known is a Problem that says what can be
// asked.
#pragma once

#include "registry/api/query/queries.h"
#include "registry/api/reader.h"
#include "registry/api/scope.h"
#include "registry/core/retention.h"

namespace dmp::registry::api {

// REQUIRES: query.at_us.
Answer<HttpResponse> answer_device_then(const DeviceQuery& query, const Scope& scope,
                                        const Retention& retention, Reader& reader);

Answer<HttpResponse> answer_diff(const DiffQuery& query, const Scope& scope,
                                 const Retention& retention, Reader& reader);

}  // namespace dmp::registry::api
