// The running server under hostile and many requests.
#include <future>

#include "tests/registry/api/api_under_test.h"

namespace dmp::registry {
namespace {

class Server : public ApiUnderTest {
 protected:
  HttpAnswer ask(const std::string& method, const std::string& target) {
    return HttpClient(port()).get(target, "see-all", method);
  }
};

TEST_F(Server, refuses_what_it_does_not_offer_with_a_problem) {
  const struct {
    const char* method;
    const char* target;
    int status;
    const char* type;
  } cases[] = {
      {"GET", "/", 404, "/problems/not-found"},
      {"GET", "/v1/device", 404, "/problems/not-found"},
      {"GET", "/v1/devices/", 400, "/problems/bad-path"},
      {"GET", "/v1//devices", 400, "/problems/bad-path"},
      {"GET", "/v1/devices/7", 404, "/problems/not-found"},
      {"GET", "/v1/devices?limit=0", 400, "/problems/bad-parameter"},
      {"GET", "/v1/devices?limit=5&limit=6", 400, "/problems/bad-parameter"},
      {"GET", "/v1/devices?model=%E4", 400, "/problems/bad-parameter"},
      {"GET", "/v1/devices?model=%00", 400, "/problems/bad-parameter"},
      {"GET", "/v1/devices/%2e%2e/raes", 400, "/problems/bad-path"},
      {"GET", "/v1/devices?cursor=AAAA", 400, "/problems/bad-cursor"},
      {"POST", "/v1/devices", 405, "/problems/method-not-allowed"},
      {"DELETE", "/v1/raes", 405, "/problems/method-not-allowed"},
      {"TRACE", "/v1/devices", 405, "/problems/method-not-allowed"},
      {"OPTIONS", "/v1/devices", 405, "/problems/method-not-allowed"},
      {"BREW", "/v1/devices", 405, "/problems/method-not-allowed"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.method) + " " + c.target);
    const HttpAnswer answer = ask(c.method, c.target);
    EXPECT_EQ(answer.status, c.status);
    EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
    const auto problem = nlohmann::json::parse(answer.body);
    EXPECT_EQ(problem.at("type"), c.type);
    EXPECT_EQ(problem.at("status"), c.status);
    EXPECT_FALSE(problem.at("title").get<std::string>().empty());
    EXPECT_FALSE(problem.at("detail").get<std::string>().empty());
    if (c.status == 405) {
      EXPECT_EQ(answer.headers.at("allow"), "GET");
    }
  }
}

TEST_F(Server, keeps_the_connection_in_step_after_a_head) {
  HttpClient client(port());
  const HttpAnswer head = client.get("/v1/devices", "see-all", "HEAD");
  EXPECT_EQ(head.status, 405);
  const HttpAnswer next = client.get("/v1/devices", "see-all");
  EXPECT_EQ(next.status, 200);
  EXPECT_EQ(next.body, R"({"items":[],"next":null})");
}

TEST_F(Server, outlives_hostile_requests) {
  const std::string start = "GET /v1/devices HTTP/1.1\r\nHost: test\r\n";
  const std::string token = "Authorization: Bearer see-all\r\n";
  const std::string requests[] = {
      "GET /v1/devices?model=" + std::string(2 << 20, 'x') + " HTTP/1.1\r\n" + token + "\r\n",
      "GET /v1/devices/%zz HTTP/1.1\r\n" + token + "\r\n",
      "GET /v1/devices?model=\xe4\xf6 HTTP/1.1\r\n" + token + "\r\n",
      start + "Authorization: Bearer " + std::string(100000, 'a') + "\r\n\r\n",
      start + "Authorization: Bearer \xff\xfe\r\n\r\n",
      "POST /v1/devices HTTP/1.1\r\n" + token +
          "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"broken\"",
      start + token + "Content-Length: -5\r\n\r\n",
      "\r\n\r\n",
      std::string(4096, '\0'),
  };
  for (const std::string& request : requests) {
    SCOPED_TRACE(request.substr(0, 60));
    {
      HttpClient client(port());
      client.send(request);
    }  // gone without reading the answer
    EXPECT_EQ(ask("GET", "/v1/devices").status, 200);
  }
  HttpClient long_target(port());
  EXPECT_EQ(long_target.get("/v1/devices?model=" + std::string(5000, 'x'), "see-all").status, 414);
}

TEST_F(Server, tells_nothing_of_itself_or_the_database_in_a_problem) {
  add(RaeRow{});
  database().execute("ALTER TABLE rae RENAME TO rae_hidden");
  database().execute("ALTER VIEW rae_view RENAME TO rae_view_hidden");
  const HttpAnswer answer = ask("GET", "/v1/raes");
  database().execute("ALTER VIEW rae_view_hidden RENAME TO rae_view");
  database().execute("ALTER TABLE rae_hidden RENAME TO rae");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body.find("rae_view"), std::string::npos);
  EXPECT_EQ(answer.body.find("SELECT"), std::string::npos);
  EXPECT_EQ(answer.headers.count("server"), 0u);
}

TEST_F(Server, answers_many_callers_at_once) {
  add(RaeRow{});
  for (int i = 1; i <= 20; ++i) add(SessionRow{.session = i, .device = i});
  std::vector<std::future<int>> callers;
  for (int c = 0; c < 8; ++c) {
    callers.push_back(std::async(std::launch::async, [] {
      int good = 0;
      HttpClient client(port());
      for (int i = 0; i < 50; ++i) {
        const auto answer = client.get("/v1/devices?limit=500", "see-a");
        if (nlohmann::json::parse(answer.body, nullptr, false).at("items").size() == 20) ++good;
      }
      return good;
    }));
  }
  for (auto& caller : callers) EXPECT_EQ(caller.get(), 50);
}

}  // namespace
}  // namespace dmp::registry
