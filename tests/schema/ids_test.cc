#include "schema/ids.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dmp {
namespace {

TEST(RaeSerial, takes_what_can_stand_in_a_topic_a_certificate_and_a_file_name) {
  for (const char* good : {"a", "RAE-1", "rae_1.lab", "0"})
    EXPECT_TRUE(RaeSerial::parse(good)) << good;
  const std::string long_one(65, 'a');
  for (const char* bad : {"", "a/b", "a+b", "a#", "a b", "ä", ".", "..", "%41", long_one.c_str()}) {
    const auto serial = RaeSerial::parse(bad);
    ASSERT_FALSE(serial) << bad;
    EXPECT_EQ(serial.error().code, "bad_serial");
  }
}

TEST(RaeSerial, knows_the_canary_by_its_prefix) {
  EXPECT_TRUE(RaeSerial::parse("canary-7-12")->is_canary());
  EXPECT_FALSE(RaeSerial::parse("rae-canary-")->is_canary());
}

TEST(Uuid, text_round_trips_for_all_bytes) {
  EXPECT_TRUE(rc::check("bytes to text to bytes", [](const SessionId::Bytes& bytes) {
    const SessionId id(bytes);
    RC_ASSERT(*SessionId::parse(id.str()) == id);
  }));
}

TEST(Uuid, refuses_what_is_not_one) {
  for (const char* bad :
       {"", "0b8e2c3e53a44e0f9d2a6f0b0f9f4a11", "0b8e2c3e-53a4-4e0f-9d2a-6f0b0f9f4a1",
        "0b8e2c3e-53a4-4e0f-9d2a-6f0b0f9f4a1g", "0b8e2c3e+53a4-4e0f-9d2a-6f0b0f9f4a11"}) {
    EXPECT_FALSE(SessionId::parse(bad)) << bad;
  }
}

TEST(Uuid, takes_both_cases_and_prints_lower_case) {
  EXPECT_EQ(DeviceId::parse("0B8E2C3E-53A4-4E0F-9D2A-6F0B0F9F4A11")->str(),
            "0b8e2c3e-53a4-4e0f-9d2a-6f0b0f9f4a11");
}

}  // namespace
}  // namespace dmp
