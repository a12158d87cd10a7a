// ETags: "REVISION.HASH". The revision moves with what the cloud owns, the hash with anything that
// is shown. If-None-Match compares all of it, If-Match the revision alone: what a RAE reports in
// the meantime is no reason to refuse a write. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dmp::registry::api {

std::string etag_of(std::string_view revision, std::string_view body);

// Whether If-None-Match names the tag, weakly compared; "*" names every one.
bool names(std::string_view if_none_match, std::string_view etag);

// Whether If-Match allows a write to this revision. Weak tags never do.
bool allows(std::string_view if_match, std::int64_t revision);

}  // namespace dmp::registry::api
