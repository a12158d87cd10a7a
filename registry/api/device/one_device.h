// The answers to GET and PATCH of /v1/devices/{device_id}. Called by worker threads.
#pragma once

#include "registry/api/people.h"
#include "registry/api/query/queries.h"
#include "registry/api/reader.h"
#include "registry/api/replica/replica.h"
#include "registry/api/scope.h"

namespace dmp::registry::api {

// From the replica if it can (null: there is none), else from the database. 304 if the caller has
// it already.
Answer<HttpResponse> answer_device(const DeviceQuery& query, const Scope& scope, Reader& reader,
                                   Replica* replica = nullptr);

// The device as it is then, read from the database. What was done and what was refused leaves a row
// in the audit.
Answer<HttpResponse> answer_patch(const PatchQuery& query, const Principal& principal,
                                  const Scope& scope, Database& database);

}  // namespace dmp::registry::api
