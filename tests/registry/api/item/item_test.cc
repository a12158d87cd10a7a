#include "registry/api/item/item.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "registry/api/item/blockers.h"
#include "schema/facets.h"

namespace dmp::registry::api {
namespace {

std::size_t column_count() {
  const std::string& columns = item_columns();
  // Commas inside brackets do not separate columns.
  int depth = 0;
  std::size_t count = 1;
  for (const char c : columns) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == ',' && depth == 0) ++count;
  }
  return count;
}

void add(const std::vector<std::string>& cells, Rows& rows) {
  for (const std::string& cell : cells) rows.add(cell);
}

std::string item_of(const std::vector<std::string>& cells) {
  Rows rows(cells.size());
  add(cells, rows);
  JsonWriter json;
  json.begin_object();
  write_item(Cells(rows, 0), json);
  json.end_object();
  return std::move(json).take();
}

// A row as session_view gives it for a session of which every facet was received.
std::vector<std::string> full_row() {
  return {"d-1",
          "s-1",
          "lab-1",  // who
          "in_test,held",
          "lab-1",
          "run 7",
          "ann",
          "repair",  // blockers and their evidence
          "",
          "online",
          "",
          "",
          "11",
          "12",
          "neighbour",  // presence
          "1",
          "21",
          "roku-ecp",
          "d-1",
          "f",
          "Roku",
          "Ultra",
          "4800X",
          "SN",
          "ESN",
          "stick",
          "Lab \"1\"",
          R"([{"kind": "serial"}])",  // identity
          "1",
          "22",
          "lease",
          "00:11",
          "10.0.0.7",
          "",
          "roku",
          "8060",
          "[]",  // network
          "1",
          "23",
          "roku-ecp",
          "12.5.0",
          "",
          "",
          "",  // software
          "1",
          "24",
          "",
          "active",
          "",
          "",
          "",
          "0",  // onboarding
          "1",
          "0",
          "",
          "unknown",
          "charging",
          "run 7",  // usage
          "0",
          "0",
          "",
          "unknown",
          "",
          "[]",  // health: never received
          R"({"lab": "LA"})",
          "a note",
          "t",
          "ann",
          "repair",
          "99",
          "3",
          "77",   // the cloud's
          "66"};  // when the session was received first
}

TEST(Item, is_this_object) {
  EXPECT_EQ(
      item_of(full_row()),
      R"~({"device_id":"d-1","device_session_id":"s-1","rae":"lab-1","schedulable":false,)~"
      R"~("blockers":[{"code":"in_test","message":"a test uses the device (run 7)"},)~"
      R"~({"code":"held","message":"the device is held by ann (repair)"}],)~"
      R"~("presence":{"status":"online","changed_at":11,"observed_at":12,"source":"neighbour"},)~"
      R"~("identity":{"device_id":"d-1","provisional":false,"manufacturer":"Roku",)~"
      R"~("model":"Ultra","model_number":"4800X","serial":"SN","esn":"ESN",)~"
      R"~("device_type":"stick","name":"Lab \"1\"","claims":[{"kind": "serial"}],)~"
      R"~("observed_at":21,"source":"roku-ecp"},)~"
      R"~("network":{"mac":"00:11","ipv4":"10.0.0.7","hostname":"roku","port":8060,)~"
      R"~("observed_at":22,"source":"lease"},)~"
      R"~("software":{"firmware_version":"12.5.0","observed_at":23,"source":"roku-ecp"},)~"
      R"~("onboarding":{"state":"active","observed_at":24},)~"
      R"~("usage":{"state":"unknown","state_text":"charging","holder":"run 7"},)~"
      R"~("labels":{"lab": "LA"},"note":"a note",)~"
      R"~("hold":{"by":"ann","reason":"repair","until_at":99},"revision":3,)~"
      R"~("rae_last_heard_at":77})~");
}

TEST(Item, selects_as_many_columns_as_it_reads) { EXPECT_EQ(column_count(), full_row().size()); }

TEST(Item, selects_every_field_of_the_facets_description) {
  const Facets none;
  each_facet(none, [&]<class Fields>(FacetNames facet, const std::optional<Facet<Fields>>&) {
    const Fields fields{};
    Fields::each(fields, [&](FieldNames names, const auto&) {
      // Presence is selected as shown.
      std::string column(names.column);
      if (column == "presence_status") column = "shown_status";
      if (column == "presence_reason") column = "shown_reason";
      EXPECT_NE(item_columns().find(column), std::string::npos) << facet.name << "." << names.json;
    });
  });
}

TEST(Item, in_doubt_keeps_what_was_observed_but_not_since_when) {
  auto row = full_row();
  const auto presence = row.begin() + 8;
  presence[0] = "rae_lost";
  presence[1] = "unknown";
  presence[2] = "rae_lost";
  EXPECT_NE(item_of(row).find(R"("presence":{"status":"unknown","reason":"rae_lost",)"
                              R"("observed_at":12,"source":"neighbour"})"),
            std::string::npos)
      << item_of(row);
}

TEST(Session, is_this_object_and_the_first_is_the_current_one) {
  Rows rows(full_row().size());
  for (const char* reason : {"", "asleep"}) {
    auto row = full_row();
    row[item_column("shown_reason")] = reason;
    add(row, rows);
  }
  JsonWriter json;
  json.begin_array();
  for (std::size_t row = 0; row < rows.size(); ++row) write_session(rows, row, json);
  json.end_array();
  EXPECT_EQ(
      std::move(json).take(),
      R"~([{"device_session_id":"s-1","rae":"lab-1","current":true,"first_received_at":66,)~"
      R"~("presence":{"status":"online","changed_at":11,"observed_at":12,"source":"neighbour"}},)~"
      R"~({"device_session_id":"s-1","rae":"lab-1","current":false,"first_received_at":66,)~"
      R"~("presence":{"status":"online","reason":"asleep","changed_at":11,"observed_at":12,)~"
      R"~("source":"neighbour"}}])~");
}

TEST(Blockers, have_a_sentence_each_and_unknown_codes_stand_for_themselves) {
  const Evidence evidence{.rae = "lab-1", .holder = {}, .hold_by = {}, .hold_reason = {}};
  for (const char* code : {"registry_behind", "rae_lost", "bridge_silent", "rae_silent",
                           "not_confirmed", "presence_unknown", "offline", "standby", "onboarding",
                           "in_test", "unhealthy", "held", "duplicate_identity"}) {
    EXPECT_GT(blocker_message(code, evidence).size(), 15u) << code;
  }
  EXPECT_EQ(blocker_message("leased_elsewhere", evidence), "leased_elsewhere");
}

}  // namespace
}  // namespace dmp::registry::api
