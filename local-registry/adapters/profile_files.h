// Reads probe profiles: one JSON file each, NAME.json, in the order of their number "rank".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "local-registry/core/profile.h"

namespace dmp::local {

// Error: names the file, the field and what is wrong with it. Pure.
struct RankedProfile {
  int rank = 0;
  Profile profile;
};
Result<RankedProfile> parse_profile(const std::string& name, std::string_view json);

// All *.json of a folder; an unreadable one refuses the folder.
Result<std::vector<Profile>> load_profiles(const std::string& folder);

}  // namespace dmp::local
