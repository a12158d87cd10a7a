// FirstReads: what a run will read of the platform is read once before it begins. A wrong address,
// token or program is found then, and not taken for a platform that gave way.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "canary/adapters/rest_cloud.h"

namespace dmp::canary {

// What is worth a warning: empty if there is nothing. Something that answers too late, with 5xx, or
// that it wants to be asked later (408, 429) is what a run is there to find, so it may begin. Error
// "bad_setting": names the setting, its value and the way out. Waits to connect, and for an answer,
// kFirstReadWithinS each at most.
inline constexpr int kFirstReadWithinS = 3;

// `token_file`: where the token is from, for people. Also an error, "unreachable": nothing listens
// there.
Result<std::string> first_read_of_rest(const RestAccess& access, const std::string& token_file);

// `setting`: whose value `url` is; `names`: what the metrics there must have. That nothing listens
// there is a warning: a program may be away, which a run is to find.
Result<std::string> first_read_of_metrics(const std::string& setting, const std::string& url,
                                          std::span<const std::string_view> names);

}  // namespace dmp::canary
