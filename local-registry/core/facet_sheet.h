// FacetSheet: the facets of one session, and which of them changed.
//
// A facet whose stamp is not set has changed and waits for stamp_changes(). Seeing a facet again
// as it was moves only `observed_at`. Owned by its session. Pure.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "local-registry/core/now.h"
#include "schema/facets.h"

namespace dmp::local {

class FacetSheet {
 public:
  FacetSheet() = default;
  explicit FacetSheet(Facets facets) : facets_(std::move(facets)) {}

  [[nodiscard]] const Facets& facets() const { return facets_; }

  // The fields, or empty ones if the facet is not there yet. Good until the next edit.
  template <class Fields>
  [[nodiscard]] const Fields& fields(std::optional<Facet<Fields>> Facets::*facet) const {
    static const Fields kNone;
    return facets_.*facet ? (facets_.*facet)->fields : kNone;
  }

  // Lets `change` edit the fields, which `source` saw so now. True if that changed anything.
  template <class Fields, class Change>
  bool edit(std::optional<Facet<Fields>> Facets::*which, const std::string& source, Now now,
            Change&& change) {
    std::optional<Facet<Fields>>& facet = facets_.*which;
    Fields after = fields(which);
    change(after);
    const bool changed = !facet || !(after == facet->fields);
    if (!facet) facet.emplace();
    facet->observed_at = now.wall();
    if (!changed) return false;
    facet->fields = std::move(after);
    facet->source = source;
    facet->timestamp = Timestamp{};
    return true;
  }

  // All of them wait for new stamps; none was seen later than now.
  void forget_stamps(Now now) {
    each_facet(facets_, [&](FacetNames, auto& facet) {
      if (!facet) return;
      facet->timestamp = Timestamp{};
      facet->observed_at = std::min(facet->observed_at, now.wall());
    });
  }

  [[nodiscard]] bool is_changed() const {
    bool changed = false;
    each_facet(facets_, [&](FacetNames, const auto& facet) {
      changed = changed || (facet && !facet->timestamp.is_set());
    });
    return changed;
  }

  // The changed facets, stamped.
  Facets stamp_changes(Timestamp stamp) {
    Facets changes = facets_;
    each_facet(changes, [&](FacetNames, auto& facet) {
      if (facet && facet->timestamp.is_set()) facet.reset();
      if (facet) facet->timestamp = stamp;
    });
    each_facet(facets_, [&](FacetNames, auto& facet) {
      if (facet && !facet->timestamp.is_set()) facet->timestamp = stamp;
    });
    return changes;
  }

 private:
  Facets facets_;
};

}  // namespace dmp::local
