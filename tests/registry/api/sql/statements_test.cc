#include "registry/api/sql/statements.h"

#include <gtest/gtest.h>

namespace dmp::registry::api {
namespace {

const Scope kScope{.rae_patterns = {"lab-%"}, .canary = false};

std::vector<Statement> all_statements(const Scope& scope) {
  DevicesQuery devices;
  devices.filter = *parse_filter(
      "presence==online && model==SECRET-MODEL && rae==SECRET-RAE && schedulable==true &&"
      " labels.SECRET-KEY==SECRET-VALUE && (labels.SECRET-KEY~SECRET* || note==SECRET) &&"
      " usage.holder!=SECRET && network.port>7 && identity.provisional==false");
  DevicesQuery sorted = devices;
  sorted.sort = {.attribute = find_attribute("name"), .descending = true};
  const DevicePosition after{DeviceId(), "SECRET-NAME"};
  EventsQuery events;
  events.page.after = EventPosition{1, *RaeSerial::parse("SECRET-RAE"), SessionId(), 2}.str();
  DevicePatch patch;
  patch.labels = {{"SECRET-KEY", "SECRET-VALUE"}};
  patch.removed_labels = {"SECRET-KEY"};
  patch.note = "SECRET";
  patch.hold = Hold{"SECRET", 7};
  const Deed deed{"SECRET", "SECRET", "SECRET", "SECRET", "SECRET"};
  RaesQuery raes;
  raes.page.after = "SECRET-RAE";
  return {device_keys(devices, scope, nullptr, 10),
          device_keys(sorted, scope, &after, 10),
          device_keys(devices, scope, nullptr, 10, false),
          sessions_estimate(devices, scope),
          attribute_values({find_attribute("model"), {}, devices.filter}, scope),
          attribute_values({find_attribute("health"), {}, devices.filter}, scope),
          attribute_values({find_attribute("labels"), "SECRET", devices.filter}, scope),
          attribute_values({find_attribute("labels")}, scope),
          current_items(scope, "{}"),
          device_sessions(DeviceId(), scope),
          patch_check(DeviceId(), patch, scope),
          patch_device(DeviceId(), patch, 3, deed, scope),
          device_events(events, scope),
          device_known(DeviceId(), scope),
          timeline_events(DeviceId(), scope),
          device_past(DeviceId(), {1, 2}, scope),
          facets_before({{"SECRET-RAE", "s", "1"}}, scope),
          rae_page(raes, scope)};
}

TEST(Statements, each_hold_the_callers_raes_and_leave_the_canary_out) {
  for (const Statement& statement : all_statements(kScope)) {
    SCOPED_TRACE(statement.text);
    EXPECT_NE(statement.text.find(" LIKE ANY (CAST($"), std::string::npos);
    EXPECT_NE(std::find(statement.values.begin(), statement.values.end(), R"({"lab-%"})"),
              statement.values.end());
    EXPECT_NE(statement.text.find("NOT LIKE 'canary-%'"), std::string::npos);
  }
  for (const Statement& statement : all_statements({kScope.rae_patterns, true})) {
    EXPECT_EQ(statement.text.find("canary"), std::string::npos) << statement.text;
    EXPECT_NE(statement.text.find(" LIKE ANY (CAST($"), std::string::npos);
  }
}

TEST(Statements, hold_what_a_caller_gave_as_values_only) {
  for (const Statement& statement : all_statements(kScope)) {
    EXPECT_EQ(statement.text.find("SECRET"), std::string::npos) << statement.text;
    for (std::size_t i = 1; i <= statement.values.size(); ++i) {
      EXPECT_NE(statement.text.find("$" + std::to_string(i)), std::string::npos)
          << "value " << i << " is not used in " << statement.text;
    }
  }
}

TEST(Statements, for_keys_read_the_stored_values_a_filter_implies_and_no_more) {
  const auto joins_state = [](const char* filter) {
    DevicesQuery query;
    query.filter = *parse_filter(filter);
    return device_keys(query, kScope, nullptr, 10).text.find("device_state") != std::string::npos;
  };
  EXPECT_FALSE(joins_state("model==A"));
  EXPECT_TRUE(joins_state("presence==offline"));
  EXPECT_TRUE(joins_state("presence!=unknown"));
  EXPECT_TRUE(joins_state("!(presence==unknown)"));
  EXPECT_TRUE(joins_state("presence==unknown"));
  // Any stored presence can be shown as unknown, and any device can be blocked.
  EXPECT_FALSE(joins_state("presence!=offline"));
  EXPECT_FALSE(joins_state("presence==offline || schedulable==false"));
  EXPECT_FALSE(joins_state("schedulable==false"));
  EXPECT_TRUE(joins_state("schedulable==true"));
  EXPECT_TRUE(joins_state("blockers==in_test"));
}

TEST(ArrayLiteral, quotes_every_element) {
  EXPECT_EQ(array_literal({}), "{}");
  EXPECT_EQ(array_literal({"a", "", "NULL"}), R"({"a","","NULL"})");
  EXPECT_EQ(array_literal({R"(a"b\c)", "x,y}"}), R"({"a\"b\\c","x,y}"})");
}

}  // namespace
}  // namespace dmp::registry::api
