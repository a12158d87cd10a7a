#include "registry/api/service.h"

#include <future>
#include <semaphore>

#include <gtest/gtest.h>

#include "schema/messages.h"

namespace dmp::registry::api {
namespace {

class FakePeople final : public People {
 public:
  [[nodiscard]] std::optional<Principal> find(std::string_view token) const override {
    if (token != "good") return std::nullopt;
    return Principal{.subject = "x", .role = Role::kViewer, .rae_patterns = {"%"}};
  }
  void refresh() override {}
};

// Answers every statement with no rows, or fails, after waiting to be let through.
class FakeReader final : public Database {
 public:
  explicit FakeReader(std::counting_semaphore<>& gate, std::optional<Error> error = {})
      : gate_(gate), error_(std::move(error)) {}

  Result<Rows> read(const Statement& statement) override {
    if (statement.values.empty()) {  // the probe
      if (error_) return tl::unexpected(*error_);
      return Rows(1);
    }
    gate_.acquire();
    if (error_) return tl::unexpected(*error_);
    return Rows(1);
  }

  Result<Rows> write(const Statement& statement) override { return read(statement); }

 private:
  std::counting_semaphore<>& gate_;
  const std::optional<Error> error_;
};

HttpRequest list_request(const std::string& authorization = "Bearer good") {
  return {.method = "GET", .target = "/v1/devices", .authorization = authorization};
}

// The answer of one request, once it is there.
std::future<HttpResponse> ask(Service& service, const HttpRequest& request) {
  auto answered = std::make_shared<std::promise<HttpResponse>>();
  auto future = answered->get_future();
  service.accept(request,
                 [answered](HttpResponse response) { answered->set_value(std::move(response)); });
  return future;
}

class ServiceTest : public testing::Test {
 protected:
  Service make(Service::Limits limits, std::optional<Error> error = {}) {
    return Service(
        limits, people_, [this, error] { return std::make_unique<FakeReader>(gate_, error); },
        metrics_);
  }

  double metric(const std::string& line) const {
    const std::string text = metrics_.text();
    const std::size_t at = text.find("\n" + line + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size() + 2));
  }

  std::counting_semaphore<> gate_{0};
  FakePeople people_;
  Metrics metrics_;
};

TEST_F(ServiceTest, answers_a_known_token_from_a_worker) {
  Service service = make({.workers = 1, .queue_max = 4});
  service.run();
  auto answer = ask(service, list_request());
  gate_.release();
  EXPECT_EQ(answer.get().body, R"({"items":[],"next":null})");
  service.stop();
  EXPECT_EQ(metric(R"(dmp_registry_api_requests_total{route="/v1/devices",status="200"})"), 1);
  EXPECT_EQ(metric("dmp_registry_api_in_flight"), 0);
}

TEST_F(ServiceTest, refuses_without_a_worker_what_it_need_not_ask_the_database_for) {
  Service service = make({.workers = 1, .queue_max = 4});  // never run
  EXPECT_EQ(ask(service, list_request("")).get().status, 401);
  EXPECT_EQ(ask(service, list_request("Bearer bad")).get().status, 401);
  EXPECT_EQ(
      ask(service, {.method = "GET", .target = "/x", .authorization = "Bearer good"}).get().status,
      404);
  EXPECT_EQ(ask(service, {.method = "PUT", .target = "/v1/raes", .authorization = "Bearer good"})
                .get()
                .status,
            405);
  EXPECT_EQ(metric("dmp_registry_api_in_flight"), 0);
}

TEST_F(ServiceTest, refuses_at_once_when_the_queue_is_full_and_serves_what_it_took) {
  Service service = make({.workers = 1, .queue_max = 2});
  std::vector<std::future<HttpResponse>> taken;
  taken.push_back(ask(service, list_request()));
  taken.push_back(ask(service, list_request()));
  const HttpResponse refused = ask(service, list_request()).get();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.front(), (std::pair<std::string, std::string>("Retry-After", "1")));
  EXPECT_EQ(metric("dmp_registry_api_rejected_total"), 1);
  EXPECT_EQ(metric("dmp_registry_api_queue_depth"), 2);
  service.run();
  gate_.release(2);
  for (auto& answer : taken) EXPECT_EQ(answer.get().status, 200);
}

TEST_F(ServiceTest, answers_what_is_queued_before_it_stops) {
  Service service = make({.workers = 1, .queue_max = 8});
  std::vector<std::future<HttpResponse>> taken;
  for (int i = 0; i < 5; ++i) taken.push_back(ask(service, list_request()));
  gate_.release(5);
  service.run();
  service.stop();
  for (auto& answer : taken) EXPECT_EQ(answer.get().status, 200);
  EXPECT_EQ(ask(service, list_request()).get().status, 503);
}

TEST_F(ServiceTest, lists_nothing_from_memory_that_is_older_than_a_patch_it_has_answered) {
  Replica replica({.age_max = std::chrono::hours(1)}, metrics_);
  Service service(
      {.workers = 1, .queue_max = 4}, people_,
      [this] { return std::make_unique<FakeReader>(gate_); }, metrics_, nullptr, &replica);
  service.run();
  replica.set_whole(true);
  replica.looked(std::chrono::steady_clock::now());
  ASSERT_EQ(ask(service, list_request()).get().status, 200) << "the database would not answer";
  auto patched = ask(service, {.method = "PATCH",
                               .target = "/v1/devices/00000000-0000-4000-8000-000000000001",
                               .authorization = "Bearer good",
                               .if_match = "*",
                               .content_type = "application/merge-patch+json",
                               .body = R"({"note":"x"})"});
  gate_.release(8);
  EXPECT_NE(patched.get().status, 400);
  const auto now = std::chrono::steady_clock::now();
  EXPECT_FALSE(replica.list({}, {{"%"}}, now));
  replica.looked(now + std::chrono::seconds(10));
  EXPECT_TRUE(replica.list({}, {{"%"}}, now + std::chrono::seconds(10)));
  service.stop();
}

TEST_F(ServiceTest, says_why_it_is_not_ready_and_counts_what_failed) {
  Service service = make({.workers = 1, .queue_max = 4},
                         Error{"database_away", "connection refused", Retry::kYes});
  EXPECT_FALSE(service.ready().good);
  service.run();
  gate_.release();
  EXPECT_EQ(ask(service, list_request()).get().status, 503);
  service.stop();
  EXPECT_FALSE(service.ready().good);
  EXPECT_NE(service.ready().reason.find("database"), std::string::npos) << service.ready().reason;
  EXPECT_EQ(metric(R"(dmp_registry_api_sql_errors_total{code="database_away"})"), 1);
}

TEST_F(ServiceTest, is_ready_once_a_worker_reached_the_database) {
  Service service = make({.workers = 2, .queue_max = 4});
  EXPECT_FALSE(service.ready().good);
  service.run();
  auto answer = ask(service, list_request());
  gate_.release();
  answer.get();
  EXPECT_TRUE(service.ready().good);
}

}  // namespace
}  // namespace dmp::registry::api
