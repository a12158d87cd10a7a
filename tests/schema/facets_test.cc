// The description of the facets against the golden example: what is described travels, and what
// travels is described.
#include "schema/facets.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include <gtest/gtest.h>

namespace dmp {
namespace {

nlohmann::json golden_update() {
  std::ifstream file(DMP_SOURCE_DIR "/schema/json/examples/device-update.json");
  return nlohmann::json::parse(file);
}

TEST(Facets, the_golden_update_shows_every_field_once) {
  const nlohmann::json facets = golden_update()["facets"];
  Facets described;
  each_facet(described, [&](FacetNames facet, auto& value) {
    ASSERT_TRUE(facets.contains(facet.name)) << facet.name;
    const nlohmann::json& shown = facets[std::string(facet.name)];
    std::set<std::string> names = {"timestamp", "observed_at", "source"};
    auto& fields = value.emplace().fields;
    std::decay_t<decltype(fields)>::each(
        fields, [&](FieldNames field, auto&) { names.emplace(field.json); });
    for (const auto& name : names) EXPECT_TRUE(shown.contains(name)) << facet.name << "." << name;
    EXPECT_EQ(shown.size(), names.size()) << facet.name;
  });
}

TEST(Facets, columns_are_unique_within_a_table) {
  std::set<std::string> columns;
  Facets described;
  each_facet(described, [&](FacetNames facet, auto& value) {
    auto& fields = value.emplace().fields;
    std::decay_t<decltype(fields)>::each(fields, [&](FieldNames field, auto&) {
      const std::string column = std::string(facet.table) + "." + std::string(field.column);
      EXPECT_TRUE(columns.insert(column).second) << column;
    });
  });
}

TEST(Facets, the_readme_names_every_field) {
  std::ifstream file(DMP_SOURCE_DIR "/schema/README.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  Facets described;
  each_facet(described, [&](FacetNames facet, auto& value) {
    auto& fields = value.emplace().fields;
    std::decay_t<decltype(fields)>::each(fields, [&](FieldNames field, auto&) {
      EXPECT_NE(text.find("`" + std::string(field.json) + "`"), std::string::npos)
          << facet.name << "." << field.json;
    });
  });
}

}  // namespace
}  // namespace dmp
