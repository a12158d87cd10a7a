// Problem: why a request was not answered, as RFC 9457 problem details. Plain values, pure.
//
// `type` is /problems/{code} and stable; programs branch on it and on `status`, people read
// `detail`.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/result.h"
#include "registry/api/http.h"

namespace dmp::registry::api {

struct Problem {
  int status = 500;
  std::string code{};       // "bad_parameter"
  std::string title{};      // the same for every problem of this code
  std::string detail{};     // this one: the field, the value, the way out
  std::string parameter{};  // the query parameter it is about, if any
  std::string member{};     // the member of the body it is about, if any
  std::string value{};      // what was given for it
  std::string token{};      // the part of the value it is about, for a filter
  std::size_t column = 0;   // where that begins, in characters from 1; 0: not a filter
  std::string allow{};      // methods, for 405
  int retry_after_s = 0;    // for 503

  bool operator==(const Problem&) const = default;
};

template <class T>
using Answer = tl::expected<T, Problem>;

Problem bad_parameter(std::string_view parameter, std::string_view value, std::string detail);
Problem bad_filter(std::string_view filter, std::string_view token, std::size_t column,
                   std::string_view detail);
Problem bad_cursor(std::string_view value, std::string detail);
Problem bad_request(std::string code, std::string detail);
Problem bad_body(std::string member, std::string detail);
Problem not_found(std::string detail);
Problem forbidden(std::string detail);
Problem conflict(std::string code, std::string title, std::string detail);
Problem precondition_required();
Problem precondition_failed(std::string detail);
Problem unsupported_media_type(std::string_view given, std::string_view wanted);
Problem body_too_large(std::size_t bytes_max);
Problem method_not_allowed(std::string_view method, std::string_view allow);
Problem not_acceptable(std::string_view offered);
Problem unauthorized(bool token_given);
Problem too_busy();
Problem stopping();
Problem internal();

// What a caller may know of a failed read: whether to come again, never what the database said.
Problem from_error(const Error& error);

HttpResponse to_response(const Problem& problem);

// A value as it may stand in a sentence: quoted, cut at 80 bytes.
std::string shown(std::string_view value);

}  // namespace dmp::registry::api
