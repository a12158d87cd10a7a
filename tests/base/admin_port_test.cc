#include "base/admin_port.h"

#include <atomic>

#include <gtest/gtest.h>
#include <httplib.h>

namespace dmp {
namespace {

class AdminPortTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto bound = port_.run("127.0.0.1", 0);
    ASSERT_TRUE(bound) << bound.error().message;
    bound_ = *bound;
    client_.emplace("127.0.0.1", bound_);
  }

  Metrics metrics_;
  std::atomic<bool> ready_ = false;
  [[nodiscard]] AdminChecks checks() const {
    return {.live = [] { return Verdict{true, "turning"}; },
            .ready = [this] { return Verdict{ready_, ready_ ? "ready" : "kafka down"}; },
            .parts = {{"api", [] { return Verdict{true, "reaches the database"}; }}}};
  }

  AdminPort port_{metrics_, checks()};
  int bound_ = 0;
  std::optional<httplib::Client> client_;
};

TEST_F(AdminPortTest, ready_follows_the_program_and_says_why) {
  auto answer = client_->Get("/readyz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "kafka down\n");
  ready_ = true;
  answer = client_->Get("/readyz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

TEST_F(AdminPortTest, a_part_is_asked_by_its_name_and_answers_for_itself) {
  const auto part = client_->Get("/readyz/api");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->status, 200);
  EXPECT_EQ(client_->Get("/readyz")->status, 503) << "the whole may be behind meanwhile";
  EXPECT_EQ(client_->Get("/readyz/other")->status, 404);
}

TEST_F(AdminPortTest, live_does_not_depend_on_readiness) {
  const auto answer = client_->Get("/livez");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

TEST_F(AdminPortTest, metrics_are_prometheus_text) {
  auto counter = metrics_.counter("dmp_test_total", "Things.", {{"kind", "a"}});
  counter.add(3);
  metrics_.counter("dmp_test_total", "Things.", {{"kind", "a"}}).add();
  const auto answer = client_->Get("/metrics");
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->body.find("dmp_test_total{kind=\"a\"} 4"), std::string::npos) << answer->body;
}

TEST_F(AdminPortTest, nothing_else_is_there) {
  const auto answer = client_->Get("/");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404);
}

TEST_F(AdminPortTest, a_taken_port_is_an_error_that_names_it) {
  AdminPort second(metrics_, {[] { return Verdict{}; }, [] { return Verdict{}; }});
  const auto bound = second.run("127.0.0.1", bound_);
  ASSERT_FALSE(bound);
  EXPECT_NE(bound.error().message.find(std::to_string(bound_)), std::string::npos);
}

TEST_F(AdminPortTest, stops_at_once_and_twice) {
  port_.stop();
  port_.stop();
  EXPECT_FALSE(client_->Get("/livez"));
}

}  // namespace
}  // namespace dmp
