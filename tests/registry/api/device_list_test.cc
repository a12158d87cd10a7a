#include "registry/api/device_list.h"

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
    const int keys = std::stoi(text.substr(text.rfind(' ')));
    for (int i = 0; i < keys; ++i) {
      rows.add(DeviceId().str());
      rows.add("");
    }
    return rows;
  }

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

}  // namespace
}  // namespace dmp::registry::api
