// Answers: a query and a Reader in, JSON out. Decides what to read next; keeps no state between
// requests. Called by worker threads.
#pragma once

#include <string>

#include "registry/api/people.h"
#include "registry/api/queries.h"
#include "registry/api/reader.h"

namespace dmp::registry::api {

// The body of the 200 answer, or why there is none. A Problem from a failed read was logged here.
Answer<std::string> answer(const Query& query, const Principal& principal, Reader& reader);

}  // namespace dmp::registry::api
