// Texts that come from devices and servers: cleaning, leases, SSDP.
#include <nlohmann/json.hpp>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "local-registry/core/device_text.h"
#include "local-registry/core/lease_lines.h"
#include "local-registry/core/ssdp_text.h"
#include "schema/messages.h"

namespace dmp::local {
namespace {

TEST(DeviceText, is_trimmed_and_free_of_control_characters) {
  EXPECT_EQ(device_text("  a\tb\r\n "), "ab");
  EXPECT_EQ(device_text(std::string("a\0b", 3)), "ab");
  EXPECT_EQ(device_text("Wohnzimmer \xc3\xa4"), "Wohnzimmer \xc3\xa4");
  EXPECT_EQ(device_text("\xff\xc3"), "??");
}

TEST(DeviceText, is_always_short_valid_utf8) {
  EXPECT_TRUE(rc::check([](const std::string& raw) {
    const std::string text = device_text(raw + raw + raw);
    RC_ASSERT(text.size() <= Limits::kStringBytes);
    RC_ASSERT(text.find('\0') == std::string::npos);
    RC_ASSERT(nlohmann::json::parse(nlohmann::json(text).dump()) == text);
  }));
}

TEST(DeviceText, knows_junk) {
  for (const char* junk :
       {"", " ", "none", "NONE", "Unknown", "00000000", "00:00:00:00:00:00", "n/a", "null"}) {
    EXPECT_TRUE(is_junk(junk)) << junk;
  }
  for (const char* good : {"X019", "0a", "12.0.0", "nonesuch"}) EXPECT_FALSE(is_junk(good)) << good;
}

TEST(DeviceText, reads_macs_in_every_spelling) {
  const struct {
    const char* raw;
    const char* expected;
  } cases[] = {
      {"B0:A7:37:1A:40:01", "b0:a7:37:1a:40:01"},
      {"b0-a7-37-1a-40-01", "b0:a7:37:1a:40:01"},
      {"b0a7371a4001", "b0:a7:37:1a:40:01"},
      {"none", ""},
      {"00:00:00:00:00:00", ""},
      {"01:00:5e:00:00:01", ""},
      {"b0:a7:37:1a:40", ""},
  };
  for (const auto& each : cases) EXPECT_EQ(mac_text(each.raw), each.expected) << each.raw;
}

TEST(DeviceText, compares_without_the_case_of_letters) {
  EXPECT_TRUE(is_same_text("", ""));
  EXPECT_TRUE(is_same_text("uuid:AbC-1", "UUID:aBc-1"));
  EXPECT_FALSE(is_same_text("abc", "abcd"));
  EXPECT_FALSE(is_same_text("[", "{"));  // apart by the same bit as upper and lower case
}

TEST(DeviceText, matches_globs) {
  EXPECT_TRUE(glob_matches("roku*", "Roku-Ultra"));
  EXPECT_TRUE(glob_matches("*tv*", "LabTV"));
  EXPECT_FALSE(glob_matches("roku*", "my-roku"));
  EXPECT_FALSE(glob_matches("", "x"));
  EXPECT_TRUE(glob_matches("a*b*c", "aXbXbc"));
}

constexpr const char* kLease = "1700000120 b0:a7:37:1a:40:01 10.0.0.5 Roku-Ultra 01:b0:a7\n";

TEST(LeaseLines, tells_old_leases_from_fresh_ones) {
  LeaseLines lines;
  const auto first = lines.read(kLease);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].mac, "b0:a7:37:1a:40:01");
  EXPECT_EQ(first[0].address, "10.0.0.5");
  EXPECT_EQ(first[0].hostname, "Roku-Ultra");
  EXPECT_FALSE(first[0].fresh) << "it was there before us";
  EXPECT_TRUE(lines.read(kLease).empty());
  const auto renewed = lines.read("1700000240 b0:a7:37:1a:40:01 10.0.0.5 Roku-Ultra 01:b0:a7\n");
  ASSERT_EQ(renewed.size(), 1u);
  EXPECT_TRUE(renewed[0].fresh);
}

TEST(LeaseLines, survives_a_file_cut_anywhere) {
  const std::string whole = std::string(kLease) +
                            "1700000121 00:11:22:33:44:55 10.0.0.6 * *\n"
                            "duid 00:01:00:01\n1700000121 123 fd00::5 tv 00:01\n";
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    LeaseLines lines;
    lines.read(whole);
    EXPECT_TRUE(lines.read(whole.substr(0, cut)).empty()) << cut;
    EXPECT_TRUE(lines.read(whole).empty()) << cut;
  }
}

TEST(Ssdp, reads_announcements_farewells_and_answers) {
  const auto alive = parse_ssdp(
      "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: roku:ecp\r\nNTS: ssdp:alive\r\n"
      "LOCATION: http://10.0.0.5:8060/\r\nUSN: uuid:roku:ecp:X1\r\nSERVER: Roku/12\r\n\r\n");
  ASSERT_TRUE(alive);
  EXPECT_EQ(alive->advert.service, "roku:ecp");
  EXPECT_EQ(alive->advert.usn, "uuid:roku:ecp:X1");
  EXPECT_EQ(alive->advert.headers.at("server"), "Roku/12");
  EXPECT_FALSE(alive->leaving);
  const auto gone =
      parse_ssdp("NOTIFY * HTTP/1.1\r\nNT: a\r\nNTS: ssdp:byebye\r\nUSN: uuid:1\r\n\r\n");
  ASSERT_TRUE(gone);
  EXPECT_TRUE(gone->leaving);
  EXPECT_TRUE(parse_ssdp("HTTP/1.1 200 OK\r\nST: a\r\nUSN: b\r\n\r\n"));
}

TEST(Ssdp, ignores_everything_else) {
  EXPECT_FALSE(parse_ssdp(""));
  EXPECT_FALSE(parse_ssdp(ssdp_search("ssdp:all")));
  EXPECT_FALSE(parse_ssdp("HTTP/1.1 404 Not Found\r\nST: a\r\nUSN: b\r\n\r\n"));
  EXPECT_FALSE(parse_ssdp("NOTIFY * HTTP/1.1\r\nNT: a\r\n\r\n"));
  EXPECT_TRUE(rc::check([](const std::string& raw) { parse_ssdp("NOTIFY " + raw); }));
}

}  // namespace
}  // namespace dmp::local
