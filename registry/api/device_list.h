// The answer to GET /v1/devices. Called by worker threads.
#pragma once

#include "registry/api/queries.h"
#include "registry/api/reader.h"
#include "registry/api/statements.h"

namespace dmp::registry::api {

Answer<HttpResponse> answer_devices(const DevicesQuery& query, const Scope& scope, Reader& reader);

}  // namespace dmp::registry::api
