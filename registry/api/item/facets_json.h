// Facets between the database's columns, the program and the API's JSON. Pure.
#pragma once

#include <string>

#include "registry/api/json_writer.h"
#include "registry/api/reader.h"
#include "schema/facets.h"

namespace dmp::registry::api {

// The columns of all facets, over device_session s and device_state t.
const std::string& facet_columns();

// What they hold; `cells` stand before them. Nothing: this version cannot read them.
std::optional<Facets> read_facets(Cells& cells);

// The members of an item (item.h) that facets alone can tell; the presence is the RAE's own word.
void write_facets(const Facets& facets, JsonWriter& json);

}  // namespace dmp::registry::api
