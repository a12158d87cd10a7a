// What the facets' fields mean, in words for the REST documentation. Pure.
#pragma once

#include <span>
#include <string_view>

namespace dmp {

struct FieldWords {
  std::string_view field;  // "identity", "identity.esn", "claim.kind"; "_text", "source" of all
  std::string_view words;
};

std::span<const FieldWords> all_field_words();

// Empty for a field whose name says it all.
std::string_view field_words(std::string_view field);

}  // namespace dmp
