// Where a single device is read: memory or database, and what the answer says of that.
#include "registry/api/device/one_device.h"

#include <gtest/gtest.h>

#include "registry/api/item/item.h"

namespace dmp::registry::api {
namespace {

constexpr std::string_view kDevice = "00000001-0000-4000-8000-000000000000";

// One session of a device.
Rows session(std::string_view model) {
  Rows rows(item_column_count());
  for (std::size_t column = 0; column < item_column_count(); ++column) {
    rows.add(column == 0                                     ? kDevice
             : column == item_column("rae")                  ? "lab-1"
             : column == item_column("identity_at")          ? "1"
             : column == item_column("model")                ? model
             : column == item_column("revision")             ? "3"
             : column == item_column("CAST(labels AS TEXT)") ? "{}"
                                                             : "0");
  }
  return rows;
}

// Knows the device as another model, or is away.
class FakeDatabase final : public Reader {
 public:
  Result<Rows> read(const Statement&) override {
    ++asked;
    if (away) return tl::unexpected(Error{"database_away", "gone", Retry::kYes});
    return session("stored");
  }

  int asked = 0;
  bool away = false;
};

class OneDevice : public testing::Test {
 protected:
  OneDevice() {
    replica_.put({std::string(kDevice)}, session("held"));
    replica_.set_whole(true);
    replica_.looked(std::chrono::steady_clock::now());
  }

  HttpResponse get(const std::string& if_none_match = "", bool canary = false) {
    DeviceQuery query{.device_id = *DeviceId::parse(kDevice)};
    query.if_none_match = if_none_match;
    auto answer = answer_device(query, {{"%"}, canary}, database_, &replica_);
    return answer ? std::move(*answer) : to_response(answer.error());
  }

  static std::string etag_of(const HttpResponse& response) {
    return response.headers.at(0).first == "ETag" ? response.headers[0].second : "";
  }

  Metrics metrics_;
  Replica replica_{{.age_max = std::chrono::hours(1)}, metrics_};
  FakeDatabase database_;
};

TEST_F(OneDevice, comes_from_memory_without_a_look_at_the_database) {
  database_.away = true;
  const HttpResponse device = get();
  EXPECT_EQ(device.status, 200);
  EXPECT_NE(device.body.find("held"), std::string::npos) << device.body;
  EXPECT_TRUE(device.from_memory);
  EXPECT_EQ(etag_of(device).substr(0, 3), "\"3.");
  const HttpResponse unchanged = get(etag_of(device));
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_EQ(unchanged.body, "");
  EXPECT_EQ(etag_of(unchanged), etag_of(device));
  EXPECT_TRUE(unchanged.from_memory);
  EXPECT_EQ(get("\"3.0\"").status, 200);
  EXPECT_EQ(database_.asked, 0);
}

TEST_F(OneDevice, comes_from_the_database_when_memory_cannot_tell) {
  replica_.set_whole(false);
  const HttpResponse device = get();
  EXPECT_NE(device.body.find("stored"), std::string::npos) << device.body;
  EXPECT_FALSE(device.from_memory);
  EXPECT_EQ(get(etag_of(device)).status, 304);
  EXPECT_FALSE(get(etag_of(device)).from_memory);
}

TEST_F(OneDevice, that_memory_does_not_know_is_asked_of_the_database) {
  replica_.put({std::string(kDevice)}, Rows(item_column_count()));
  EXPECT_NE(get().body.find("stored"), std::string::npos);
  database_.away = true;
  EXPECT_EQ(get().status, 503) << "not a 404";
}

TEST_F(OneDevice, is_read_with_the_canarys_sessions_from_the_database) {
  EXPECT_NE(get("", true).body.find("stored"), std::string::npos);
}

TEST_F(OneDevice, has_the_etag_of_what_is_shown_wherever_that_is_from) {
  const std::string etag = etag_of(get());
  replica_.put({std::string(kDevice)}, session("stored"));
  const std::string other = etag_of(get());
  EXPECT_NE(other, etag);
  replica_.set_whole(false);
  EXPECT_EQ(etag_of(get()), other);
}

}  // namespace
}  // namespace dmp::registry::api
