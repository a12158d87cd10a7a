// An api::Stream as cpprestsdk's body of a response: chunked, read only when the socket has taken
// the last piece, so that back-pressure comes by itself.
#pragma once

#include <memory>

#include <cpprest/streams.h>

#include "registry/api/http.h"

namespace dmp::registry {

concurrency::streams::istream body_of(std::shared_ptr<api::Stream> stream);

}  // namespace dmp::registry
