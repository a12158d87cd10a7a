// The OpenAPI 3.1 description of what the API serves, and the page for people made from it. Pure.
//
// openapi.json beside this file holds what is said in words; fields, attributes, their words and
// types are put in from the tables the API itself works by.
// tests/registry/api/openapi/openapi_test.cc holds the rest against the served routes.
#pragma once

#include <optional>
#include <string>

#include "registry/api/http.h"

namespace dmp::registry::api {

// The document, as it is served. Made once.
const std::string& openapi_document();

// The page, with the document in it. Made once.
const std::string& documentation_page();

// The answer to a request for /openapi.json or /docs, if it is one. They hold no data of anybody's,
// so they need no token: what is needed to get one can be read there.
std::optional<HttpResponse> documentation(const HttpRequest& request);

}  // namespace dmp::registry::api
