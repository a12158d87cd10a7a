#include "registry/api/problem.h"

#include <gtest/gtest.h>

namespace dmp::registry::api {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

TEST(Problem, is_this_document) {
  const HttpResponse response = to_response(bad_parameter("limit", "0", "limit='0' is too small"));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body,
            R"({"type":"/problems/bad-parameter","title":"A query parameter cannot be used",)"
            R"("status":400,"detail":"limit='0' is too small","parameter":"limit","value":"0"})");
}

TEST(Problem, tells_in_headers_what_a_client_acts_on) {
  EXPECT_EQ(to_response(method_not_allowed("POST", "GET")).headers, (Headers{{"Allow", "GET"}}));
  EXPECT_EQ(to_response(too_busy()).headers, (Headers{{"Retry-After", "1"}}));
  EXPECT_EQ(to_response(unauthorized(false)).headers,
            (Headers{{"WWW-Authenticate", R"(Bearer realm="dmp")"}}));
  EXPECT_EQ(to_response(unauthorized(true)).headers,
            (Headers{{"WWW-Authenticate", R"(Bearer realm="dmp", error="invalid_token")"}}));
}

TEST(Problem, of_a_failed_read_says_whether_to_come_again_and_nothing_else) {
  const struct {
    Error error;
    int status;
    const char* code;
  } cases[] = {
      {{"database_away", "host 10.1.2.3 refused", Retry::kYes}, 503, "database_away"},
      {{"too_slow", "canceling SELECT secret", Retry::kYes}, 503, "too_slow"},
      {{"bad_statement", "column secret does not exist", Retry::kNo}, 500, "internal"},
  };
  for (const auto& c : cases) {
    const Problem problem = from_error(c.error);
    EXPECT_EQ(problem.status, c.status);
    EXPECT_EQ(problem.code, c.code);
    EXPECT_EQ(problem.retry_after_s > 0, c.status == 503);
    EXPECT_EQ(to_response(problem).body.find("secret"), std::string::npos);
    EXPECT_EQ(to_response(problem).body.find("10.1.2.3"), std::string::npos);
  }
}

TEST(Problem, shows_a_long_value_cut_between_characters) {
  EXPECT_EQ(shown("abc"), "'abc'");
  const std::string cut = shown(std::string(79, 'x') + "\xc3\xa4\xc3\xa4");
  EXPECT_EQ(cut, "'" + std::string(79, 'x') + "...'");
}

}  // namespace
}  // namespace dmp::registry::api
