// FirstReads: what a run will read of the platform is read once before it begins. A wrong address,
// token or program is found then, and not taken for a platform that gave way.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "canary/adapters/rest_cloud.h"

namespace dmp::canary {

// What is worth a warning: empty if there is nothing. Something that answers too late is what a run
// is there to find, so it may begin. Errors: "bad_setting" names the setting, its value and the way
// out; "unreachable": nothing listens there. Waits kFirstReadWithin at most.
inline constexpr int kFirstReadWithinS = 3;

// `token_file`: where the token is from, for people.
Result<std::string> first_read_of_rest(const RestAccess& access, const std::string& token_file);

// `setting`: whose value `url` is; `names`: what the metrics there must have.
Result<std::string> first_read_of_metrics(const std::string& setting, const std::string& url,
                                          std::span<const std::string_view> names);

}  // namespace dmp::canary
