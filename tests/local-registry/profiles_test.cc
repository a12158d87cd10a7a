// The shipped profiles against recorded answers of each family, and the reader against mistakes.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "local-registry/adapters/documents.h"
#include "local-registry/adapters/profile_files.h"
#include "local-registry/core/ssdp_text.h"

namespace dmp::local {
namespace {

const std::string kProfiles = std::string(DMP_SOURCE_DIR) + "/local-registry/profiles";
const std::string kGolden = std::string(DMP_SOURCE_DIR) + "/tests/lab/golden/";

std::string golden(const std::string& name) {
  std::ifstream file(kGolden + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

const Profile& profile(const std::string& name) {
  static const std::vector<Profile> profiles = load_profiles(kProfiles).value();
  for (const Profile& each : profiles) {
    if (each.name == name) return each;
  }
  ADD_FAILURE() << name;
  return profiles.front();
}

Clues heard(const std::string& name) {
  const auto message = parse_ssdp(golden(name));
  EXPECT_TRUE(message) << name;
  return {"10.77.0.57", "", {message->advert}};
}

using Fields = std::map<std::string, std::string>;

TEST(Profiles, understand_the_answer_of_each_family) {
  const struct {
    const char* profile;
    const char* answer;
    Fields expected;
  } cases[] = {
      {"roku-ecp",
       "roku-1.device-info.xml",
       {{"identity.manufacturer", "Roku"},
        {"identity.model", "Roku Ultra"},
        {"identity.model_number", "4800X"},
        {"identity.serial", "X01900LAB001"},
        {"identity.name", "Lab Roku Ultra"},
        {"software.firmware_version", "12.0.0"},
        {"claim.ethernet_mac", "b0:a7:37:1a:40:01"},
        {"claim.wifi_mac", "b0:a7:37:1a:40:02"}}},
      {"roku-ecp",
       "roku-2.device-info.xml",
       {{"identity.serial", "X01F00LAB002"}, {"claim.wifi_mac", "c8:3a:6b:2b:51:02"}}},
      {"samsung-tizen",
       "samsung-1.api-v2.json",
       {{"identity.manufacturer", "Samsung"},
        {"identity.model", "UE43BU8070UXZT"},
        {"identity.model_number", "22_KANTSU2E_UB2"},
        {"software.firmware_version", "T-KSU2EDEUC-2112.3"},
        {"claim.duid", "4815273f-0003-420d-a185-e09d133c6203"},
        {"claim.wifi_mac", "e0:9d:13:3c:62:03"}}},
      {"google-cast",
       "cast-1.eureka_info.json",
       {{"identity.manufacturer", "Google Inc."},
        {"identity.model", "Chromecast"},
        {"identity.name", "Lab Chromecast"},
        {"software.firmware_version", "1.68.382576"},
        {"claim.udn", "38002ef2-0005-4c5d-8e05-6cadf85e8405"},
        {"claim.wifi_mac", "6c:ad:f8:5e:84:05"}}},
      {"google-cast", "cast-1.eureka_info.detail.json", {{"identity.model", "Chromecast"}}},
      {"google-cast",
       "cast-2.eureka_info.params.json",
       {{"identity.model", "Chromecast HD"}, {"software.firmware_version", "3.72.446070"}}},
      {"dial",
       "dial-1.dd.xml",
       {{"identity.manufacturer", "LabTV"},
        {"identity.model", "LTV-43D1"},
        {"identity.serial", "LTV43D1A0007"},
        {"software.firmware_version", "6.5.1"},
        {"claim.udn", "5d1a0007-1dd2-11b2-bc7e-fcd5d970a607"}}},
      {"dial", "roku-1.dd.xml", {{"identity.serial", "X01900LAB001"}}},
      {"dial", "cast-1.device-desc.xml", {{"identity.model", "Chromecast"}}},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(std::string(each.profile) + " reads " + each.answer);
    const auto seen = read_answer(profile(each.profile), golden(each.answer), Clues{});
    ASSERT_TRUE(seen) << seen.error().message;
    for (const auto& [field, value] : each.expected) EXPECT_EQ(seen->get(field), value) << field;
    EXPECT_FALSE(seen->standby);
  }
}

TEST(Profiles, read_the_esn_from_the_announcement_alone) {
  for (const auto& [file, esn] :
       Fields{{"dial-1.mdx.ssdp.txt", "NFLABTV-PRV-LTV43D1-000000000007"},
              {"samsung-1.mdx.ssdp.txt", "SSTV-KANTSU2E-0000000000000000000003"}}) {
    const auto seen = read_answer(profile("netflix-mdx"), "", heard(file));
    ASSERT_TRUE(seen) << file;
    EXPECT_EQ(seen->get("identity.esn"), esn);
  }
  EXPECT_EQ(
      read_answer(profile("netflix-mdx"), "", heard("dial-1.mdx.ssdp.txt"))->get("identity.name"),
      "Lab Television");
}

TEST(Profiles, are_found_by_their_clues) {
  EXPECT_TRUE(matches(profile("roku-ecp"), heard("roku-1.ssdp.txt")));
  EXPECT_TRUE(matches(profile("samsung-tizen"), heard("samsung-1.ssdp.txt")));
  EXPECT_TRUE(matches(profile("dial"), heard("cast-1.ssdp.txt")));
  EXPECT_TRUE(matches(profile("netflix-mdx"), heard("dial-1.mdx.ssdp.txt")));
  EXPECT_TRUE(matches(profile("samsung-tizen"), {"", "Tizen-BU8070", {}}));
  EXPECT_FALSE(matches(profile("roku-ecp"), heard("samsung-1.ssdp.txt")));
  EXPECT_FALSE(matches(profile("roku-ecp"), {"", "", {}}));
}

TEST(Profiles, never_take_the_lies_of_a_waking_samsung_for_values) {
  std::string answer = golden("samsung-1.api-v2.json");
  answer.replace(answer.find("E0:9D:13:3C:62:03"), 17, "none");
  answer.replace(answer.find("T-KSU2EDEUC-2112.3"), 18, "Unknown");
  const auto seen = read_answer(profile("samsung-tizen"), answer, Clues{});
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->get("claim.wifi_mac"), "");
  EXPECT_EQ(seen->get("software.firmware_version"), "");
}

TEST(Profiles, know_standby) {
  std::string answer = golden("samsung-1.api-v2.json");
  const std::string on = "\"PowerState\": \"on\"";
  answer.replace(answer.find(on), on.size(), "\"PowerState\": \"standby\"");
  EXPECT_TRUE(read_answer(profile("samsung-tizen"), answer, Clues{})->standby);
}

TEST(Profiles, ask_only_the_device_itself) {
  const auto location = [](const std::string& where) {
    return request_url(
        profile("dial"),
        {"10.0.0.5", "", {{"urn:dial-multiscreen-org:service:dial:1", "u", where, {}}}});
  };
  EXPECT_EQ(location("http://10.0.0.5:9080/dd.xml"), "http://10.0.0.5:9080/dd.xml");
  for (const char* elsewhere :
       {"http://10.0.0.50/dd.xml", "http://10.0.0.5.evil/dd.xml", "", "https://10.0.0.5/",
        "file:///etc/passwd", "http://10.0.0.5@192.168.0.1/"}) {
    EXPECT_FALSE(location(elsewhere)) << elsewhere;
  }
}

TEST(Documents, expand_no_entities_and_refuse_what_is_too_large) {
  const std::string bomb =
      "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
      "<device-info><serial-number>&x;</serial-number></device-info>";
  const auto lookup = open_document(AnswerFormat::kXml, bomb);
  ASSERT_TRUE(lookup);
  EXPECT_EQ((*lookup)("/device-info/serial-number"), "&x;");
  EXPECT_FALSE(open_document(AnswerFormat::kJson, std::string(kAnswerBytesMax + 1, ' ')));
}

TEST(Documents, take_any_bytes) {
  const std::string json = golden("samsung-1.api-v2.json");
  const std::string xml = golden("roku-1.device-info.xml");
  EXPECT_TRUE(rc::check([&] {
    const std::string raw = *rc::gen::arbitrary<std::string>();
    const auto cut = *rc::gen::inRange<std::size_t>(0, json.size());
    for (const char* name : {"samsung-tizen", "roku-ecp", "dial", "netflix-mdx"}) {
      static_cast<void>(read_answer(profile(name), raw, Clues{}));
      static_cast<void>(read_answer(profile(name), json.substr(0, cut) + raw, Clues{}));
      static_cast<void>(read_answer(profile(name), xml.substr(0, cut) + raw, Clues{}));
    }
  }));
  const std::string deep(20'000, '[');
  static_cast<void>(read_answer(profile("samsung-tizen"), deep, Clues{}));
}

TEST(ProfileFiles, name_the_field_that_is_wrong) {
  const struct {
    const char* json;
    const char* says;
  } cases[] = {
      {"[", "not JSON"},
      {R"({"requred":[]})", "unknown field 'requred'"},
      {R"({"required":["identity.esn"],"fields":[{"field":"identity.esnn","path":"/a"}]})",
       "no such field 'identity.esnn'"},
      {R"({"required":["identity.esn"],"fields":[{"field":"identity.esn"}]})",
       "either a path or a service"},
      {R"({"required":["identity.esn"],"fields":[{"field":"identity.esn","path":"a"}]})",
       "must be like"},
      {R"({"required":["identity.esn"],"url":"http://evil/","format":"json",
           "fields":[{"field":"identity.esn","path":"/a"}]})",
       "expected http://{address}"},
      {R"({"rank":"high"})", "'rank' has the wrong type"},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.json);
    const auto parsed = parse_profile("x", each.json);
    ASSERT_FALSE(parsed);
    EXPECT_NE(parsed.error().message.find(each.says), std::string::npos) << parsed.error().message;
  }
}

}  // namespace
}  // namespace dmp::local
