// ItemsWriter: the body of a list. Pure.
#pragma once

#include <string>
#include <utility>

#include "registry/api/http.h"
#include "registry/api/json_writer.h"
#include "registry/api/query/queries.h"

namespace dmp::registry::api {

// `Link: <address?...cursor=...>; rel="next"`.
inline std::pair<std::string, std::string> next_link(const Page& page, const std::string& cursor) {
  const char separator = page.address.find('?') == std::string::npos ? '?' : '&';
  return {"Link", "<" + page.address + separator + "cursor=" + cursor + ">; rel=\"next\""};
}

// {"items":[ ... ],"next":CURSOR or null}
class ItemsWriter {
 public:
  ItemsWriter() { json_.begin_object().key("items").begin_array(); }

  JsonWriter& item() { return json_; }

  HttpResponse finish(const Page& page, const std::string& next) && {
    HttpResponse response;
    json_.end_array().key("next");
    next.empty() ? json_.null() : json_.string(next);
    if (!next.empty()) response.headers.push_back(next_link(page, next));
    json_.end_object();
    response.body = std::move(json_).take();
    return response;
  }

 private:
  JsonWriter json_;
};

}  // namespace dmp::registry::api
