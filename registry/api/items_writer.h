// ItemsWriter: the body of a list. Pure.
#pragma once

#include <string>
#include <utility>

#include "registry/api/device_list.h"
#include "registry/api/http.h"
#include "registry/api/json_writer.h"
#include "registry/api/queries.h"

namespace dmp::registry::api {

// {"items":[ ... ],"next":CURSOR or null}
class ItemsWriter {
 public:
  ItemsWriter() { json_.begin_object().key("items").begin_array(); }

  JsonWriter& item() {
    ++count_;
    return json_;
  }
  [[nodiscard]] int count() const { return count_; }

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
  int count_ = 0;
};

}  // namespace dmp::registry::api
