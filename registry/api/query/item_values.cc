#include "registry/api/query/item_values.h"

#include "registry/adapters/rest_json.h"
#include "registry/api/item/item.h"

namespace dmp::registry::api {
namespace {

// The cell of each attribute, in the order of attributes().
const std::vector<std::size_t>& cells() {
  static const std::vector<std::size_t> kCells = [] {
    std::vector<std::size_t> all;
    for (const Attribute& attribute : attributes()) all.push_back(item_column(attribute.shown));
    return all;
  }();
  return kCells;
}

std::string_view word(bool flag) { return flag ? "true" : "false"; }

}  // namespace

std::string_view ItemValues::of(const Attribute& attribute) const {
  static const std::size_t kDoubt = item_column("doubt");
  static const std::size_t kHeld = item_column("held");
  const std::string_view cell =
      rows_->at(row_, cells()[static_cast<std::size_t>(&attribute - attributes().data())]);
  if (attribute.name == "schedulable") return word(cell.empty());
  if (attribute.kind == ValueKind::kBoolean) return word(is_true(cell));
  // As in the item: what is not shown has no value.
  if (attribute.name == "presence.changed_at" && !rows_->at(row_, kDoubt).empty()) return {};
  if (attribute.name.starts_with("hold.") && !is_true(rows_->at(row_, kHeld))) return {};
  return cell;
}

std::string_view ItemValues::operator()(const Test& test) {
  return test.attribute->is_labels() ? label(test.label) : of(*test.attribute);
}

std::string_view ItemValues::label(const std::string& key) {
  static const std::size_t kLabels = item_column("CAST(labels AS TEXT)");
  if (!labels_) {
    const std::string_view json = rows_->at(row_, kLabels);
    labels_.emplace();
    if (json != "{}") *labels_ = parse_labels(json);
  }
  const auto found = labels_->find(key);
  return found == labels_->end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace dmp::registry::api
