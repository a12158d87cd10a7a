// The answer to GET /v1/devices. Called by worker threads.
#pragma once

#include "registry/api/query/queries.h"
#include "registry/api/reader.h"
#include "registry/api/replica/replica.h"
#include "registry/api/scope.h"

namespace dmp::registry::api {

// From the replica if it can (null: there is none), else from the database.
Answer<HttpResponse> answer_devices(const DevicesQuery& query, const Scope& scope, Reader& reader,
                                    Replica* replica = nullptr);

}  // namespace dmp::registry::api
