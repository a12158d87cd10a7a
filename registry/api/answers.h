// Answers: a query and a Database in, a response out. Decides what to read next; keeps no state
// between requests. `replica`: what lists and single devices are answered from if it can; null:
// there is none. Called by worker threads.
#pragma once

#include "registry/api/device/explain.h"
#include "registry/api/people.h"
#include "registry/api/query/queries.h"
#include "registry/api/reader.h"
#include "registry/api/replica/replica.h"
#include "registry/core/retention.h"

namespace dmp::registry::api {

// The response, or why there is none. A Problem from a failed read was logged here.
Answer<HttpResponse> answer(const Query& query, const Principal& principal,
                            const Retention& retention, Doctor& doctor, Database& database,
                            Replica* replica = nullptr);

}  // namespace dmp::registry::api
