#include "registry/api/problem.h"

#include <algorithm>

#include "registry/api/json_writer.h"

namespace dmp::registry::api {
namespace {

constexpr std::size_t kShownBytesMax = 80;

std::string_view excerpt(std::string_view value) { return cut(value, kShownBytesMax); }

}  // namespace

std::string shown(std::string_view value) {
  const std::string_view head = excerpt(value);
  return "'" + std::string(head) + (head.size() < value.size() ? "...'" : "'");
}

Problem bad_parameter(std::string_view parameter, std::string_view value, std::string detail) {
  return {.status = 400,
          .code = "bad_parameter",
          .title = "A query parameter cannot be used",
          .detail = std::move(detail),
          .parameter = std::string(excerpt(parameter)),
          .value = std::string(excerpt(value))};
}

Problem bad_filter(std::string_view filter, std::string_view token, std::size_t column,
                   std::string_view detail) {
  const std::string place = token.empty() ? "at the end" : "at " + shown(token);
  return {.status = 400,
          .code = "bad_filter",
          .title = "The filter cannot be read",
          .detail = "column " + std::to_string(column) + ", " + place + ": " + std::string(detail),
          .parameter = "filter",
          .value = std::string(excerpt(filter)),
          .token = std::string(excerpt(token)),
          .column = column};
}

Problem bad_cursor(std::string_view value, std::string detail) {
  return {.status = 400,
          .code = "bad_cursor",
          .title = "The cursor does not belong to this request",
          .detail = std::move(detail),
          .parameter = "cursor",
          .value = std::string(excerpt(value))};
}

Problem bad_request(std::string code, std::string detail) {
  return {.status = code == "target_too_long" ? 414 : 400,
          .code = std::move(code),
          .title = "The request's address cannot be read",
          .detail = std::move(detail)};
}

Problem bad_body(std::string member, std::string detail) {
  return {.status = 400,
          .code = "bad_body",
          .title = "The request's body cannot be used",
          .detail = std::move(detail),
          .member = std::move(member)};
}

Problem forbidden(std::string detail) {
  return {.status = 403,
          .code = "forbidden",
          .title = "This token may not do that",
          .detail = std::move(detail)};
}

Problem conflict(std::string code, std::string title, std::string detail) {
  return {.status = 409,
          .code = std::move(code),
          .title = std::move(title),
          .detail = std::move(detail)};
}

Problem precondition_required() {
  return {.status = 428,
          .code = "precondition_required",
          .title = "A write must say what it is based on",
          .detail =
              "send If-Match with the ETag of the device as you know it, or * to overwrite "
              "whatever is there"};
}

Problem precondition_failed(std::string detail) {
  return {.status = 412,
          .code = "precondition_failed",
          .title = "Somebody else changed it in the meantime",
          .detail = std::move(detail)};
}

Problem unsupported_media_type(std::string_view given, std::string_view wanted) {
  return {.status = 415,
          .code = "unsupported_media_type",
          .title = "The body is of a type that is not taken here",
          .detail = "Content-Type " + shown(given) + " is not taken; send " + std::string(wanted)};
}

Problem body_too_large(std::size_t bytes_max) {
  return {.status = 413,
          .code = "body_too_large",
          .title = "The body is too large",
          .detail = "a body may have " + std::to_string(bytes_max) + " bytes"};
}

Problem not_found(std::string detail) {
  return {.status = 404,
          .code = "not_found",
          .title = "There is no such thing, or this token may not see it",
          .detail = std::move(detail)};
}

Problem method_not_allowed(std::string_view method, std::string_view allow) {
  return {
      .status = 405,
      .code = "method_not_allowed",
      .title = "This address does not take that method",
      .detail = "the method " + shown(method) + " is not offered here; use " + std::string(allow),
      .allow = std::string(allow)};
}

Problem not_acceptable(std::string_view offered) {
  return {.status = 406,
          .code = "not_acceptable",
          .title = "None of the accepted media types is offered",
          .detail = "the header Accept allows none of " + std::string(offered)};
}

Problem unauthorized(bool token_given) {
  return {.status = 401,
          .code = token_given ? "unknown_token" : "no_token",
          .title = "A known bearer token is needed",
          .detail = token_given ? "the bearer token is not known here; ask for one, or check that "
                                  "it was copied whole"
                                : "send the header 'Authorization: Bearer TOKEN'"};
}

Problem too_busy() {
  return {.status = 503,
          .code = "too_busy",
          .title = "Too many requests are waiting",
          .detail = "the request was not started; send it again in a second",
          .retry_after_s = 1};
}

Problem stopping() {
  return {.status = 503,
          .code = "stopping",
          .title = "This instance is stopping",
          .detail = "the request was not started; send it again, another instance will answer",
          .retry_after_s = 1};
}

Problem internal() {
  return {.status = 500,
          .code = "internal",
          .title = "The registry failed",
          .detail = "this is a fault of the registry, not of the request; its log says more"};
}

Problem from_error(const Error& error) {
  if (error.retry == Retry::kNo) return internal();
  if (error.code == "too_slow") {
    return {.status = 503,
            .code = "too_slow",
            .title = "The database took too long",
            .detail = "the request was given up; ask for fewer rows, or again in a second",
            .retry_after_s = 1};
  }
  return {.status = 503,
          .code = "database_away",
          .title = "The database does not answer",
          .detail = "nothing can be read at the moment; send the request again in two seconds",
          .retry_after_s = 2};
}

HttpResponse to_response(const Problem& problem) {
  JsonWriter json;
  json.begin_object();
  std::string type = "/problems/" + problem.code;
  std::replace(type.begin(), type.end(), '_', '-');
  json.key("type").string(type);
  json.key("title").string(problem.title);
  json.key("status").integer(problem.status);
  json.key("detail").string(problem.detail);
  if (!problem.parameter.empty()) {
    json.key("parameter").string(problem.parameter).key("value").string(problem.value);
  }
  if (!problem.member.empty()) json.key("member").string(problem.member);
  if (problem.column > 0) {
    json.key("token").string(problem.token);
    json.key("column").integer(static_cast<std::int64_t>(problem.column));
  }
  json.end_object();

  HttpResponse response{.status = problem.status,
                        .content_type = "application/problem+json",
                        .body = std::move(json).take()};
  if (!problem.allow.empty()) response.headers.emplace_back("Allow", problem.allow);
  if (problem.retry_after_s > 0) {
    response.headers.emplace_back("Retry-After", std::to_string(problem.retry_after_s));
  }
  if (problem.status == 401) {
    response.headers.emplace_back("WWW-Authenticate",
                                  problem.code == "no_token"
                                      ? R"(Bearer realm="dmp")"
                                      : R"(Bearer realm="dmp", error="invalid_token")");
  }
  return response;
}

}  // namespace dmp::registry::api
