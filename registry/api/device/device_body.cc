#include "registry/api/device/device_body.h"

#include <algorithm>

namespace dmp::registry::api {
namespace {

// Puts each field into its column.
class CsvItem final : public ItemSink {
 public:
  explicit CsvItem(const std::vector<std::string>& columns)
      : columns_(columns), cells_(columns.size()) {}

  void begin_group(std::string_view name) override { group_ = std::string(name) + "."; }
  void end_group() override { group_.clear(); }
  void text(std::string_view name, std::string_view value) override {
    // Nobody else's words may become a formula of the reader's.
    const bool formula =
        !value.empty() && std::string_view("=+-@\t\r").find(value[0]) != std::string_view::npos;
    raw(name, formula ? "'" + std::string(value) : std::string(value));
  }
  void raw(std::string_view name, std::string_view value) override {
    const auto found = std::find(columns_.begin(), columns_.end(), group_ + std::string(name));
    if (found != columns_.end()) cells_[static_cast<std::size_t>(found - columns_.begin())] = value;
  }
  void blockers(std::string_view codes, const Evidence&) override {
    std::string text(codes);
    std::replace(text.begin(), text.end(), ',', ' ');
    raw("blockers", text);
  }

  [[nodiscard]] const std::vector<std::string>& cells() const { return cells_; }

 private:
  const std::vector<std::string>& columns_;
  std::vector<std::string> cells_;
  std::string group_;
};

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) line += (i > 0 ? "," : "") + csv_cell(cells[i]);
  return line + "\r\n";
}

}  // namespace

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string cell = "\"";
  for (const char c : text) {
    if (c == '"') cell += '"';
    cell += c;
  }
  return cell + '"';
}

std::string_view content_type_of(Format format) {
  static constexpr std::string_view kTypes[] = {"application/json", "application/x-ndjson",
                                                "text/csv; charset=utf-8; header=present"};
  return kTypes[static_cast<std::size_t>(format)];
}

DeviceBody::DeviceBody(Format format, const FieldChoice& choice)
    : format_(format), choice_(choice) {
  if (format_ == Format::kJson) json_.begin_object().key("items").begin_array();
  if (format_ != Format::kCsv) return;
  for (const std::string& field : item_fields()) {
    if (choice.has(field)) columns_.push_back(field);
  }
  lines_ = csv_line(columns_);
}

void DeviceBody::add(Cells cells) {
  ++count_;
  if (format_ == Format::kCsv) return add_row(cells);
  JsonWriter line;
  JsonWriter& json = format_ == Format::kJson ? json_ : line;
  JsonItem item(choice_, json.begin_object());
  write_item(cells, item);
  json.end_object();
  if (format_ == Format::kNdjson) lines_ += std::move(line).take() + "\n";
}

void DeviceBody::add_row(Cells cells) {
  CsvItem item(columns_);
  write_item(cells, item);
  lines_ += csv_line(item.cells());
}

std::string DeviceBody::finish(const std::string& next, const std::optional<Total>& total) && {
  if (format_ != Format::kJson) return std::move(lines_);
  json_.end_array().key("next");
  next.empty() ? json_.null() : json_.string(next);
  if (total) {
    json_.key("count").integer(total->count);
    json_.key("count_is").string(total->exact ? "exact" : "estimate");
  }
  json_.end_object();
  return std::move(json_).take();
}

}  // namespace dmp::registry::api
