// Item: one device as JSON. The SELECT list and the JSON are made by the same walk over
// schema/facets.h, so that neither can know a field the other does not. Pure.
//
// Empty fields are left out, and so is a facet that was never received. `presence` is as shown; its
// `changed_at` is there only while the RAE's own word is shown.
#pragma once

#include <string>

#include "registry/api/json_writer.h"
#include "registry/api/reader.h"

namespace dmp::registry::api {

// The columns of an item, to be selected from session_view; device_id is the first.
const std::string& item_columns();

// Writes the members of an item; the caller opens and closes the object. `cells` stand before the
// columns of item_columns.
void write_item(Cells cells, JsonWriter& json);

// The columns of a session within its device, from session_view, and the object made from them;
// `cells` stand behind them afterwards.
const std::string& session_columns();
void write_session(Cells& cells, bool current, JsonWriter& json);

}  // namespace dmp::registry::api
