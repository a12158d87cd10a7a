// facets_text: what an update says about facets, as it stands in the message. Pure; thread-safe.
#pragma once

#include <string_view>

namespace dmp {

// The text of the top-level member "facets" of a message that decoded; "{}" if it has none.
std::string_view facets_text(std::string_view message);

}  // namespace dmp
