#include "registry/api/device/device_body.h"

#include <gtest/gtest.h>

namespace dmp::registry::api {
namespace {

// A device of which nothing is known but these.
Rows row_with(const std::vector<std::pair<std::string, std::string>>& values) {
  std::size_t columns = 1;
  int depth = 0;
  for (const char c : item_columns()) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == ',' && depth == 0) ++columns;
  }
  std::vector<std::string> cells(columns, "0");
  cells[item_column("CAST(labels AS TEXT)")] = "{}";
  for (const auto& [column, value] : values) cells[item_column(column)] = value;
  Rows rows(columns);
  for (const std::string& cell : cells) rows.add(cell);
  return rows;
}

Rows hostile_row() {
  return row_with({{"device_id", "d-1"},
                   {"array_to_string(blockers, ',')", "offline,held"},
                   {"identity_at", "1"},
                   {"model", "=HYPERLINK(\"x\")"},
                   {"name", "a,b\"c"},
                   {"port", "8060"}});
}

TEST(DeviceBody, is_csv_with_a_head_and_no_formulas) {
  const FieldChoice choice{{"device_id", "blockers", "identity.model", "identity.name", "network"}};
  const Rows rows = hostile_row();
  DeviceBody body(Format::kCsv, choice);
  body.add(Cells(rows, 0));
  EXPECT_EQ(std::move(body).finish("", {}),
            "device_id,blockers,identity.model,identity.name,network.mac,network.ipv4,"
            "network.ipv6,network.hostname,network.port,network.interfaces,network.observed_at,"
            "network.source\r\n"
            "d-1,offline held,\"'=HYPERLINK(\"\"x\"\")\",\"a,b\"\"c\",,,,,,,,\r\n");
}

TEST(DeviceBody, is_a_line_of_json_for_each_device) {
  const FieldChoice choice{{"device_id", "identity.model"}};
  const Rows rows = row_with({{"device_id", "d-1"}, {"identity_at", "1"}, {"model", "A"}});
  DeviceBody body(Format::kNdjson, choice);
  body.add(Cells(rows, 0));
  body.add(Cells(rows, 0));
  const std::string line = R"({"device_id":"d-1","identity":{"model":"A"}})";
  EXPECT_EQ(std::move(body).finish("", {}), line + "\n" + line + "\n");
}

TEST(DeviceBody, tells_the_cursor_and_the_count) {
  const FieldChoice choice;
  EXPECT_EQ(DeviceBody(Format::kJson, choice).finish("abc", Total{7, false}),
            R"({"items":[],"next":"abc","count":7,"count_is":"estimate"})");
  EXPECT_EQ(DeviceBody(Format::kJson, choice).finish("", Total{0, true}),
            R"({"items":[],"next":null,"count":0,"count_is":"exact"})");
}

TEST(DeviceBody, has_a_csv_column_for_whatever_an_item_can_hold) {
  const FieldChoice all;
  const Rows rows = row_with({});
  std::vector<std::string> written;
  class Recorder final : public ItemSink {
   public:
    explicit Recorder(std::vector<std::string>& fields) : fields_(fields) {}
    void begin_group(std::string_view name) override { group_ = std::string(name) + "."; }
    void end_group() override { group_.clear(); }
    void text(std::string_view name, std::string_view) override { raw(name, {}); }
    void raw(std::string_view name, std::string_view) override {
      fields_.push_back(group_ + std::string(name));
    }
    void blockers(std::string_view, const Evidence&) override { fields_.emplace_back("blockers"); }

   private:
    std::vector<std::string>& fields_;
    std::string group_;
  } recorder(written);
  // Everything received and nothing empty.
  Rows full(rows.columns());
  for (std::size_t i = 0; i < rows.columns(); ++i)
    full.add(i == item_column("doubt") ? "" : "true");
  write_item(Cells(full, 0), recorder);
  EXPECT_EQ(written, item_fields());
}

}  // namespace
}  // namespace dmp::registry::api
