// Answers: a query and a Database in, a response out. Decides what to read next; keeps no state
// between requests. Called by worker threads.
#pragma once

#include "registry/api/explain.h"
#include "registry/api/people.h"
#include "registry/api/queries.h"
#include "registry/api/reader.h"
#include "registry/core/retention.h"

namespace dmp::registry::api {

// The response, or why there is none. A Problem from a failed read was logged here.
Answer<HttpResponse> answer(const Query& query, const Principal& principal,
                            const Retention& retention, Doctor& doctor, Database& database);

}  // namespace dmp::registry::api
