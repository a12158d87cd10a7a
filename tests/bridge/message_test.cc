#include "bridge/core/message.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dmp::bridge {
namespace {

std::vector<UserProperty> unpack(std::string_view packed) {
  std::vector<UserProperty> properties;
  while (!packed.empty()) properties.push_back(take_property(packed));
  return properties;
}

TEST(PropertyPack, gives_back_what_was_put_in_whatever_the_bytes) {
  using Texts = std::vector<std::pair<std::string, std::string>>;
  EXPECT_TRUE(rc::check([](const Texts& texts) {
    PropertyPack pack;
    std::size_t kept = 0;
    for (const auto& [name, value] : texts) {
      const auto before = pack.dropped();
      pack.add(name, value);
      if (pack.dropped() == before) ++kept;
    }
    const auto properties = unpack(pack.packed());
    RC_ASSERT(properties.size() == kept);
    RC_ASSERT(kept + pack.dropped() == texts.size());
    RC_ASSERT(pack.packed().size() <= MessageLimits::kPropertyBytes);
    RC_ASSERT(kept <= MessageLimits::kProperties);
  }));
}

TEST(PropertyPack, drops_and_counts_names_that_only_the_bridge_may_write) {
  PropertyPack pack;
  pack.add("dmp-bridge", "another");
  pack.add("dmp-received-at", "1");
  pack.add("content-type", "text/plain");
  pack.add("trace", "abc");
  EXPECT_EQ(unpack(pack.packed()), (std::vector<UserProperty>{{"trace", "abc"}}));
  EXPECT_EQ(pack.dropped(), 3U);
}

TEST(PropertyPack, takes_sixteen_properties) {
  PropertyPack pack;
  for (int i = 0; i < 20; ++i) pack.add("n" + std::to_string(i), "v");
  EXPECT_EQ(unpack(pack.packed()).size(), 16U);
  EXPECT_EQ(pack.dropped(), 4U);
}

TEST(PropertyPack, passes_over_a_property_too_large_for_the_rest_of_its_room) {
  PropertyPack pack;
  pack.add("large", std::string(4000, 'x'));
  pack.add("larger", std::string(200, 'y'));
  pack.add("small", "z");
  const auto properties = unpack(pack.packed());
  ASSERT_EQ(properties.size(), 2U);
  EXPECT_EQ(properties[1], (UserProperty{"small", "z"}));
}

TEST(Message, is_cut_to_its_limits_and_remembers_how_large_it_was) {
  const std::string large(200'000, 'x');
  Message message;
  message.topic = large;
  message.payload = large;
  message.content_type = large;
  message.response_topic = large;
  message.correlation = large;
  const Message cut = bounded(message);
  EXPECT_EQ(cut.payload.size(), MessageLimits::kPayloadBytes);
  EXPECT_EQ(cut.payload_bytes, large.size());
  EXPECT_TRUE(cut.content_type.empty());
  EXPECT_EQ(cut.properties_dropped, 1U);
  EXPECT_LE(bytes_of(cut), MessageLimits::kMessageBytes);
}

TEST(Message, within_its_limits_is_left_alone) {
  const std::string payload("\0{}\xff", 4);
  Message message;
  message.topic = "dmp/v1/rae-1/agent/presence";
  message.payload = payload;
  message.content_type = "application/json";
  const Message same = bounded(message);
  EXPECT_EQ(same.topic, message.topic);
  EXPECT_EQ(same.payload, payload);
  EXPECT_EQ(same.payload_bytes, payload.size());
  EXPECT_EQ(same.content_type, message.content_type);
  EXPECT_EQ(same.properties_dropped, 0U);
}

}  // namespace
}  // namespace dmp::bridge
