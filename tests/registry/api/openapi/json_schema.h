// Whether an answer is what the OpenAPI document says it is.
#pragma once

#include <string>

#include "tests/registry/api/openapi/openapi_document.h"

namespace dmp::registry::api {

// Empty if `value` conforms to `schema`, which may refer to the document's components, and holds no
// member that stands in no schema. Else what is wrong, and where.
std::string schema_fault(const Json& schema, const std::string& value);

}  // namespace dmp::registry::api
