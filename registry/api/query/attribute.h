// Attributes: what of a device can be asked for by name, made from schema/facets.h. Immutable.
//
// An attribute is named as it stands in the item: "identity.model", "health.status". The identity,
// network and software fields also answer to their last part ("model"), and `presence`, `usage`,
// `health`, `onboarding` to their facet's name alone. `labels.KEY` is any label.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dmp::registry::api {

enum class ValueKind {
  kText,
  kWord,     // one of a closed list
  kCode,     // `blockers`: a set of words
  kUuid,     // lower case
  kSerial,   // of a RAE
  kNumber,   // int64; times are µs
  kBoolean,  // "true" or "false"
};

// Where the value is stored, if a session can be tested before the view is read.
enum class Home { kSession, kState, kDevice, kDerived };

struct Attribute {
  std::string name;
  ValueKind kind = ValueKind::kText;
  Home home = Home::kDerived;
  std::string column;  // of its home's table, and of session_view unless `shown` says otherwise
  std::string shown;   // the expression of item_columns that holds it
  std::vector<std::string_view> words{};  // of kWord and kCode

  [[nodiscard]] bool is_labels() const { return name == "labels"; }
};

const std::vector<Attribute>& attributes();

// Null if there is none. `labels.KEY` is found as `labels`.
const Attribute* find_attribute(std::string_view name);

// The KEY of `labels.KEY`; a key is 1 to 64 of A-Z a-z 0-9 . _ / -
bool is_label_key(std::string_view key);

// Whether its values are counted: derived ones are not stored.
bool is_counted(const Attribute& attribute);

// "text", "word", "code", "uuid", "rae", "number" or "boolean".
std::string_view kind_name(ValueKind kind);

// Attributes by which a list can be sorted: each has an index.
const std::vector<const Attribute*>& sort_attributes();

}  // namespace dmp::registry::api
