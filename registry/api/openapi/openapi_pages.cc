#include <array>

#include "base/check.h"
#include "embedded/openapi_page.h"
#include "registry/api/openapi/openapi.h"
#include "registry/api/problem.h"
#include "registry/api/query/etag.h"
#include "registry/api/query/parameters.h"
#include "registry/api/query/target.h"

namespace dmp::registry::api {
namespace {

constexpr std::string_view kPlace = "\"@openapi\"";
// The page's own script and style, and nothing from anywhere.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// Nothing in the document may end the element it stands in.
std::string for_script(std::string_view json) {
  std::string text;
  for (const char c : json) {
    c == '<' ? text += "\\u003c" : text += c;
  }
  return text;
}

std::string make_page() {
  std::string page(embedded::openapi_page.front().text);
  const std::size_t place = page.find(kPlace);
  DMP_CHECK(place != std::string::npos);
  return page.replace(place, kPlace.size(), for_script(openapi_document()));
}

struct Page {
  const char* path;
  const char* content_type;
  const std::string& body;
  std::string etag;
};

const std::array<Page, 2>& pages() {
  static const std::array<Page, 2> kPages = {
      {{"/openapi.json", "application/json", openapi_document(),
        etag_of(DMP_VERSION, openapi_document())},
       {"/docs", "text/html; charset=utf-8", documentation_page(),
        etag_of(DMP_VERSION, documentation_page())}}};
  return kPages;
}

HttpResponse to_response(const Page& page, const HttpRequest& request) {
  HttpResponse response{.content_type = page.content_type};
  response.headers = {{"ETag", page.etag}, {"Cache-Control", "no-cache"}};
  if (names(request.if_none_match, page.etag)) {
    response.status = 304;
    return response;
  }
  if (std::string_view(page.path) == "/docs") {
    response.headers.emplace_back("Content-Security-Policy", kPolicy);
  }
  response.body = page.body;
  return response;
}

HttpResponse answer(const Page& page, const HttpRequest& request) {
  if (request.method != "GET") return to_response(method_not_allowed(request.method, "GET"));
  const auto target = parse_target(request.target);
  if (!target) return to_response(target.error());
  ParameterReader reader(*target);
  reader.only({});
  return reader.problem() ? to_response(*reader.problem()) : to_response(page, request);
}

}  // namespace

const std::string& documentation_page() {
  static const std::string kPage = make_page();
  return kPage;
}

std::optional<HttpResponse> documentation(const HttpRequest& request) {
  const std::string_view target = request.target;
  for (const Page& page : pages()) {
    if (target.substr(0, target.find('?')) == page.path) return answer(page, request);
  }
  return std::nullopt;
}

}  // namespace dmp::registry::api
