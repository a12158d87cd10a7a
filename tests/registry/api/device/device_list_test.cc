#include "registry/api/device/device_list.h"

#include <gtest/gtest.h>

namespace dmp::registry::api {
namespace {

// As many keys as are asked for, of devices that have all gone meanwhile; counting fails.
class LongList final : public Reader {
 public:
  explicit LongList(Error error) : error_(std::move(error)) {}

  Result<Rows> read(const Statement& statement) override {
    const std::string& text = statement.text;
    if (text.rfind("SELECT count(*)", 0) == 0) return tl::unexpected(error_);
    Rows rows(2);
    if (text.find("session_view") != std::string::npos) return rows;
    with_state.push_back(text.find("device_state") != std::string::npos);
    const int keys = std::stoi(text.substr(text.rfind(' ')));
    for (int i = 0; i < keys; ++i) {
      rows.add(DeviceId().str());
      rows.add("");
    }
    return rows;
  }

  std::vector<bool> with_state;  // of each statement for keys

 private:
  const Error error_;
};

Answer<HttpResponse> list_with(const Error& error) {
  LongList reader(error);
  DevicesQuery query;
  query.count = true;
  return answer_devices(query, {.rae_patterns = {"%"}}, reader);
}

TEST(DeviceList, leaves_the_count_out_when_counting_takes_too_long) {
  const auto answer = list_with({"too_slow", "cancelled", Retry::kYes});
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body.find("count"), std::string::npos) << answer->body;
  EXPECT_NE(answer->body.find("\"next\":\""), std::string::npos) << answer->body;
}

TEST(DeviceList, fails_when_counting_fails_otherwise) {
  const auto answer = list_with({"database_away", "gone", Retry::kYes});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "database_away");
}

TEST(DeviceList, looks_up_common_states_only_once_few_devices_have_passed) {
  LongList reader({"too_slow", "cancelled", Retry::kYes});
  DevicesQuery query;
  query.filter = *parse_filter("presence==online");
  ASSERT_TRUE(answer_devices(query, {.rae_patterns = {"%"}}, reader));
  ASSERT_GE(reader.with_state.size(), 2u);
  EXPECT_FALSE(reader.with_state.front());
  EXPECT_TRUE(reader.with_state.at(1));
  reader.with_state.clear();
  query.filter = *parse_filter("presence==offline");
  ASSERT_TRUE(answer_devices(query, {.rae_patterns = {"%"}}, reader));
  EXPECT_TRUE(reader.with_state.front()) << "few are";
}

}  // namespace
}  // namespace dmp::registry::api
