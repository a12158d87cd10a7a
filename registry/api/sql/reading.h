// Reading: one statement for one request, its failure as the caller may know it.
#pragma once

#include "registry/api/problem.h"
#include "registry/api/reader.h"

namespace dmp::registry::api {

// A failure was logged here.
Answer<Rows> read(Reader& reader, const Statement& statement);

Problem no_such_device(std::string_view device_id);

}  // namespace dmp::registry::api
