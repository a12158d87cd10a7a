// Which statement a batch takes. PostgreSQL sets up all expressions of a statement each time it
// starts one, which is much of what a small batch costs. The few rows of such a batch mostly have
// one facet; in large batches facets mix, and the start counts little.
#include "schema/upsert.h"

namespace dmp {
namespace {

FacetSet of_table(std::string_view table) {
  FacetSet set;
  std::size_t number = 0;
  const Facets none;
  each_facet(none, [&](FacetNames names, const auto&) { set[number++] = names.table == table; });
  return set;
}

FacetSet facets_of(const UpdateRows& rows) {
  FacetSet set;
  for (const SessionRow& row : rows.sessions) {
    std::size_t number = 0;
    each_facet(row.facets, [&](FacetNames, const auto& facet) {
      if (facet) set.set(number);
      ++number;
    });
  }
  return set;
}

}  // namespace

std::vector<FacetSet> update_facet_sets() {
  std::vector<FacetSet> sets = {FacetSet()};
  for (std::size_t number = 0; number < FacetSet().size(); ++number) {
    sets.push_back(FacetSet().set(number));
  }
  sets.push_back(of_table("device_state"));
  sets.push_back(of_table("device_session"));
  sets.push_back(FacetSet().set());
  return sets;
}

FacetSet facets_for(const UpdateRows& rows) {
  static const auto kSets = update_facet_sets();
  const FacetSet facets = facets_of(rows);
  for (const FacetSet& set : kSets) {
    if ((facets & ~set).none()) return set;
  }
  return kSets.back();
}

}  // namespace dmp
