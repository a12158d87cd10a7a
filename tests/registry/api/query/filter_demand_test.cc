#include "registry/api/query/filter_demand.h"

#include <string>

#include <gtest/gtest.h>

namespace dmp::registry::api {
namespace {

Filter filter(const std::string& text) {
  auto parsed = parse_filter(text);
  EXPECT_TRUE(parsed) << text;
  return *parsed;
}

std::string demanded(const std::string& text) {
  const Filter parsed = filter(text);
  const Test* test = demanded_value(parsed);
  return test == nullptr ? ""
                         : Filter{.kind = Filter::Kind::kTest, .test = *test, .parts = {}}.str();
}

TEST(FilterDemand, takes_the_demand_that_fewest_devices_meet) {
  EXPECT_EQ(demanded("presence==online && model==TV"), "identity.model == \"TV\"");
  EXPECT_EQ(demanded("labels.lab==LA && presence==online"), "labels.lab == \"LA\"");
  EXPECT_EQ(demanded("presence==online"), "presence.status == \"online\"");
  EXPECT_EQ(demanded("(model==TV || model==Box) && held==true"), "held == \"true\"");
}

TEST(FilterDemand, knows_no_demand_where_another_value_may_pass) {
  for (const char* text : {"model==TV || presence==online", "model!=TV", "model~\"T*\"", "port==80",
                           "blockers==held", "model in (TV, Box)"}) {
    EXPECT_EQ(demanded(text), "") << text;
  }
  EXPECT_EQ(demanded_value(Filter()), nullptr);
}

}  // namespace
}  // namespace dmp::registry::api
