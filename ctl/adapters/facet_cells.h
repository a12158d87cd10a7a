// Facet cells: the columns of every facet as text, by the schema's description, and back. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "schema/facets.h"

namespace dmp::ctl {

// For a SELECT from both session tables; lists as text.
std::string facet_select_list();

// `next`: the next cell of a row selected so; empty for NULL.
Result<Facets> facets_of_cells(const std::function<std::string_view()>& next);

}  // namespace dmp::ctl
