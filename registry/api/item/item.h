// Item: one device as a caller sees it. The SELECT list and what is written are made by the same
// walk over schema/facets.h, so that neither can know a field the other does not. Pure.
//
// Empty fields are left out, and so is a facet that was never received. `presence` is as shown; its
// `changed_at` is there only while the RAE's own word is shown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "registry/api/item/blockers.h"
#include "registry/api/json_writer.h"
#include "registry/api/reader.h"

namespace dmp::registry::api {

// The columns of an item, to be selected from session_view; device_id is the first. With what only
// write_session shows.
const std::string& item_columns();

// Where among them an expression stands. REQUIRES: it is one of them.
std::size_t item_column(std::string_view expression);
std::size_t item_column_count();

// Takes an item apart: fields, some of them in groups, in the order in which they are shown.
class ItemSink {
 public:
  virtual ~ItemSink() = default;
  virtual void begin_group(std::string_view name) = 0;
  virtual void end_group() = 0;
  virtual void text(std::string_view name, std::string_view value) = 0;
  virtual void raw(std::string_view name, std::string_view json) = 0;  // a JSON value
  // `codes` with commas between them.
  virtual void blockers(std::string_view codes, const Evidence& evidence) = 0;
};

// `cells` stand before the columns of item_columns.
void write_item(Cells cells, ItemSink& sink);

// Writes the members of an item; the caller opens and closes the object.
void write_item(Cells cells, JsonWriter& json);

// The object of a session within its device. REQUIRES: the rows of item_columns are one device's,
// the current session first.
void write_session(const Rows& items, std::size_t row, JsonWriter& json);

// Every field an item can have, as "field" or "group.field", in the order of write_item.
const std::vector<std::string>& item_fields();

// Which fields are asked for; names of item_fields and of groups. None: all.
struct FieldChoice {
  std::vector<std::string> names{};

  [[nodiscard]] bool has(std::string_view field) const;
  [[nodiscard]] bool has_any_of(std::string_view group) const;

  bool operator==(const FieldChoice&) const = default;
};

// The chosen members of an item, into an object that the caller opens and closes.
class JsonItem final : public ItemSink {
 public:
  JsonItem(const FieldChoice& choice, JsonWriter& json) : choice_(choice), json_(json) {}

  void begin_group(std::string_view name) override;
  void end_group() override;
  void text(std::string_view name, std::string_view value) override;
  void raw(std::string_view name, std::string_view json) override;
  void blockers(std::string_view codes, const Evidence& evidence) override;

 private:
  [[nodiscard]] bool wants(std::string_view name) const;

  const FieldChoice& choice_;
  JsonWriter& json_;
  std::string group_;
};

}  // namespace dmp::registry::api
