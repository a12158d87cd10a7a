// DeviceBody: the body of a list of devices, in the format asked for. Pure.
//
// JSON: {"items":[...],"next":CURSOR or null}, with "count" and "count_is" if there is a total.
// NDJSON: one device a line. CSV: RFC 4180 with a head; a column per field, lists as JSON, and a
// text that a spreadsheet would take for a formula begins with an apostrophe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/api/query/queries.h"
#include "registry/api/reader.h"

namespace dmp::registry::api {

struct Total {
  std::int64_t count = 0;
  bool exact = false;
};

class DeviceBody {
 public:
  // `choice` must outlive it.
  DeviceBody(Format format, const FieldChoice& choice);

  void add(Cells cells);
  [[nodiscard]] int count() const { return count_; }

  // `next`: a cursor, or empty at the end of the list.
  std::string finish(const std::string& next, const std::optional<Total>& total) &&;

 private:
  void add_row(Cells cells);

  const Format format_;
  const FieldChoice& choice_;
  std::vector<std::string> columns_;  // of CSV
  JsonWriter json_;
  std::string lines_;
  int count_ = 0;
};

std::string_view content_type_of(Format format);

// A cell as RFC 4180 has it.
std::string csv_cell(std::string_view text);

}  // namespace dmp::registry::api
