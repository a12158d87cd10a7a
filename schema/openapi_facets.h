// The facets as OpenAPI schemas, made from facets.h: what REST shows of a device session. Pure.
//
// Both are members of a JSON object, without its braces, for openapi.json to be put together from.
// No field is required: what is not known is left out, and callers choose fields.
#pragma once

#include <string>

namespace dmp {

// "Identity":{...},"Network":{...}: one schema per facet, and one per element of a list.
std::string facet_schemas();

// "identity":{"$ref":"#/components/schemas/Identity"}: a device's facets by name.
std::string facet_members();

}  // namespace dmp
