// The answers to GET /v1/attributes and /v1/attributes/{name}: what can be asked for, and which
// values there are. Called by worker threads.
#pragma once

#include "registry/api/query/queries.h"
#include "registry/api/reader.h"
#include "registry/api/scope.h"

namespace dmp::registry::api {

// {"items":[{"name","type","operators":[...],"values":[...] if
// closed,"sortable","counted"}],"next"}
HttpResponse answer_attributes();

// {"name","type","values":[{"value","count"}],"complete":BOOL}: the commonest first, by what is
// stored; a value that is not known is "".
Answer<HttpResponse> answer_values(const ValuesQuery& query, const Scope& scope, Reader& reader);

}  // namespace dmp::registry::api
