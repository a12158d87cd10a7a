#include "registry/api/statements.h"

#include <gtest/gtest.h>

namespace dmp::registry::api {
namespace {

const Scope kScope{.rae_patterns = {"lab-%"}, .canary = false};

std::vector<Statement> all_statements(const Scope& scope) {
  DevicesQuery devices;
  devices.presence = PresenceStatus::kOnline;
  devices.model = "SECRET-MODEL";
  devices.rae = *RaeSerial::parse("SECRET-RAE");
  devices.schedulable = true;
  EventsQuery events;
  events.page.after = EventPosition{1, *RaeSerial::parse("SECRET-RAE"), SessionId(), 2}.str();
  RaesQuery raes;
  raes.page.after = "SECRET-RAE";
  return {device_keys(devices, scope, DeviceId(), 10),
          current_items(devices, scope, "{}"),
          device_sessions(DeviceId(), scope),
          device_events(events, scope),
          device_known(DeviceId(), scope),
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
  const auto text = [](auto&& change) {
    DevicesQuery query;
    change(query);
    return device_keys(query, kScope, DeviceId(), 10).text;
  };
  const auto joins_state = [](const std::string& statement) {
    return statement.find("device_state") != std::string::npos;
  };
  EXPECT_FALSE(joins_state(text([](DevicesQuery&) {})));
  EXPECT_TRUE(joins_state(text([](auto& query) { query.presence = PresenceStatus::kOffline; })));
  // Any stored presence can be shown as unknown, and any device can be blocked.
  EXPECT_FALSE(joins_state(text([](auto& query) { query.presence = PresenceStatus::kUnknown; })));
  EXPECT_FALSE(joins_state(text([](auto& query) { query.schedulable = false; })));
  EXPECT_TRUE(joins_state(text([](auto& query) { query.schedulable = true; })));
}

TEST(ArrayLiteral, quotes_every_element) {
  EXPECT_EQ(array_literal({}), "{}");
  EXPECT_EQ(array_literal({"a", "", "NULL"}), R"({"a","","NULL"})");
  EXPECT_EQ(array_literal({R"(a"b\c)", "x,y}"}), R"({"a\"b\\c","x,y}"})");
}

}  // namespace
}  // namespace dmp::registry::api
