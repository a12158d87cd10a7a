#include "registry/api/past/changes.h"

#include <gtest/gtest.h>

namespace dmp::registry::api {
namespace {

std::string changes(const Facets& before, const Facets& event) {
  JsonWriter json;
  write_changes(before, event, json);
  return std::move(json).take();
}

Facets software(const std::string& firmware, const std::string& os = "") {
  Facets facets;
  facets.software.emplace();
  facets.software->fields.firmware_version = firmware;
  facets.software->fields.os_version = os;
  return facets;
}

TEST(Changes, name_each_changed_field_with_old_and_new) {
  EXPECT_EQ(changes(software("1", "a"), software("2", "a")),
            R"([{"field":"software.firmware_version","old":"1","new":"2"}])");
  EXPECT_EQ(changes(software("1", "a"), software("2", "b")),
            R"([{"field":"software.firmware_version","old":"1","new":"2"},)"
            R"({"field":"software.os_version","old":"a","new":"b"}])");
}

TEST(Changes, of_the_same_values_are_none) {
  EXPECT_EQ(changes(software("1"), software("1")), "[]");
  EXPECT_EQ(changes(software("1"), Facets()), "[]");
}

TEST(Changes, of_a_facet_never_heard_of_have_old_null) {
  EXPECT_EQ(changes(Facets(), software("1")),
            R"([{"field":"software.firmware_version","old":null,"new":"1"}])");
}

TEST(Changes, show_a_cleared_field_as_new_null) {
  EXPECT_EQ(changes(software("1"), software("")),
            R"([{"field":"software.firmware_version","old":"1","new":null}])");
}

TEST(Changes, write_every_type_of_field) {
  Facets before;
  before.identity.emplace();
  before.network.emplace();
  before.presence.emplace();
  Facets now = before;
  now.identity->fields.provisional = true;
  now.identity->fields.device_id = *DeviceId::parse("0b0f3c1e-5a57-5c3f-9d0c-2f1f4c1d2e3f");
  now.identity->fields.claims = {
      {.kind = "serial", .value = "X\"1", .source = {}, .confidence = {}}};
  now.network->fields.port = 8060;
  now.presence->fields.status = Known<PresenceStatus>::parse("dozing");
  now.presence->fields.changed_at = {77};
  EXPECT_EQ(changes(before, now),
            R"([{"field":"identity.device_id","old":null,)"
            R"("new":"0b0f3c1e-5a57-5c3f-9d0c-2f1f4c1d2e3f"},)"
            R"({"field":"identity.provisional","old":false,"new":true},)"
            R"({"field":"identity.claims","old":null,"new":[{"kind":"serial","value":"X\"1"}]},)"
            R"({"field":"network.port","old":null,"new":8060},)"
            R"({"field":"presence.status","old":"unknown","new":"dozing"},)"
            R"({"field":"presence.changed_at","old":null,"new":77}])");
}

TEST(Changes, after_an_event_its_facets_are_whole_and_the_others_stay) {
  Facets known = software("1", "a");
  known.usage.emplace();
  apply(software("2"), known);
  EXPECT_EQ(known.software, software("2").software);
  EXPECT_TRUE(known.usage);
}

}  // namespace
}  // namespace dmp::registry::api
