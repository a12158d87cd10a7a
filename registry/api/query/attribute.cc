#include "registry/api/query/attribute.h"

#include <algorithm>
#include <map>

#include "registry/api/item/blockers.h"
#include "schema/facets.h"

namespace dmp::registry::api {
namespace {

constexpr std::string_view kLabels = "labels";
constexpr std::string_view kBlockers = "array_to_string(blockers, ',')";
constexpr std::size_t kLabelKeyBytesMax = 64;

template <class T>
struct KindOf;
template <>
struct KindOf<std::string> {
  static constexpr ValueKind kKind = ValueKind::kText;
};
template <>
struct KindOf<bool> {
  static constexpr ValueKind kKind = ValueKind::kBoolean;
};
template <>
struct KindOf<std::int32_t> {
  static constexpr ValueKind kKind = ValueKind::kNumber;
};
template <>
struct KindOf<WallTime> {
  static constexpr ValueKind kKind = ValueKind::kNumber;
};
template <>
struct KindOf<DeviceId> {
  static constexpr ValueKind kKind = ValueKind::kUuid;
};
template <class Enum>
struct KindOf<Known<Enum>> {
  static constexpr ValueKind kKind = ValueKind::kWord;
};

template <class T>
struct IsList : std::false_type {};
template <class Element>
struct IsList<std::vector<Element>> : std::true_type {};

template <class T>
struct WordsOf {
  static std::vector<std::string_view> words() { return {}; }
};
template <class Enum>
struct WordsOf<Known<Enum>> {
  static std::vector<std::string_view> words() {
    const auto& names = EnumNames<Enum>::kNames;
    return {names.begin(), names.end()};
  }
};

Attribute stored(std::string name, ValueKind kind, Home home, std::string column) {
  std::string shown = column;
  return {std::move(name), kind, home, std::move(column), std::move(shown)};
}

template <class Fields>
void add_facet(FacetNames facet, std::vector<Attribute>& all) {
  const std::string name(facet.name);
  const Home home = facet.table == "device_session" ? Home::kSession : Home::kState;
  const Fields none{};
  Fields::each(none, [&]<class T>(FieldNames names, const T&) {
    if constexpr (!IsList<T>::value) {
      Attribute attribute = stored(name + "." + std::string(names.json), KindOf<T>::kKind, home,
                                   std::string(names.column));
      attribute.words = WordsOf<T>::words();
      all.push_back(std::move(attribute));
    }
  });
  all.push_back(stored(name + ".observed_at", ValueKind::kNumber, home, name + "_observed_at"));
  all.push_back(stored(name + ".source", ValueKind::kText, home, name + "_source"));
}

// What is shown of the presence is not what is stored (session_shown).
void derive_presence(std::vector<Attribute>& all) {
  const std::pair<std::string_view, std::string_view> shown[] = {
      {"presence.status", "shown_status"},
      {"presence.reason", "shown_reason"},
      {"presence.changed_at", "presence_changed_at"}};
  for (Attribute& attribute : all) {
    for (const auto& [name, expression] : shown) {
      if (attribute.name != name) continue;
      attribute.shown = expression;
      attribute.home = Home::kDerived;
    }
  }
}

std::vector<Attribute> make_attributes() {
  std::vector<Attribute> all;
  all.push_back(stored("rae", ValueKind::kSerial, Home::kSession, "rae"));
  all.push_back(stored("device_session_id", ValueKind::kUuid, Home::kDerived, "device_session_id"));
  all.push_back({"schedulable", ValueKind::kBoolean, Home::kDerived, {}, std::string(kBlockers)});
  all.push_back({"blockers", ValueKind::kCode, Home::kDerived, {}, std::string(kBlockers)});
  all.back().words.assign(blocker_codes().begin(), blocker_codes().end());
  const Facets none;
  each_facet(none, [&]<class Fields>(FacetNames names, const std::optional<Facet<Fields>>&) {
    add_facet<Fields>(names, all);
  });
  derive_presence(all);
  all.push_back(
      {std::string(kLabels), ValueKind::kText, Home::kDevice, "labels", "CAST(labels AS TEXT)"});
  all.push_back(stored("note", ValueKind::kText, Home::kDevice, "note"));
  all.push_back({"held", ValueKind::kBoolean, Home::kDerived, {}, "held"});
  all.push_back(stored("hold.by", ValueKind::kText, Home::kDevice, "hold_by"));
  all.push_back(stored("hold.reason", ValueKind::kText, Home::kDevice, "hold_reason"));
  all.push_back(stored("revision", ValueKind::kNumber, Home::kDevice, "revision"));
  return all;
}

std::map<std::string, const Attribute*, std::less<>> make_names() {
  std::map<std::string, const Attribute*, std::less<>> names;
  for (const Attribute& attribute : attributes()) names[attribute.name] = &attribute;
  const auto alias = [&](const std::string& name, const std::string& short_name) {
    if (const auto found = names.find(name); found != names.end()) {
      names.emplace(short_name, found->second);
    }
  };
  const Facets none;
  each_facet(none, [&]<class Fields>(FacetNames facet, const std::optional<Facet<Fields>>&) {
    const std::string name(facet.name);
    alias(name + ".status", name);
    alias(name + ".state", name);
    if (name != "identity" && name != "network" && name != "software") return;
    const Fields empty{};
    Fields::each(empty, [&](FieldNames names_of, const auto&) {
      const std::string field(names_of.json);
      alias(name + "." + field, field);
    });
  });
  return names;
}

}  // namespace

const std::vector<Attribute>& attributes() {
  static const std::vector<Attribute> kAttributes = make_attributes();
  return kAttributes;
}

const Attribute* find_attribute(std::string_view name) {
  static const auto kNames = make_names();
  const bool label =
      name.starts_with(kLabels) && name.size() > kLabels.size() && name[kLabels.size()] == '.';
  if (label && !is_label_key(name.substr(kLabels.size() + 1))) return nullptr;
  const auto found = kNames.find(label ? kLabels : name);
  return found == kNames.end() ? nullptr : found->second;
}

bool is_label_key(std::string_view key) {
  return !key.empty() && key.size() <= kLabelKeyBytesMax &&
         std::all_of(key.begin(), key.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '/' || c == '-';
         });
}

bool is_counted(const Attribute& attribute) {
  return attribute.home == Home::kSession || attribute.home == Home::kState ||
         attribute.is_labels();
}

std::string_view kind_name(ValueKind kind) {
  static constexpr std::string_view kNames[] = {"text", "word",   "code",   "uuid",
                                                "rae",  "number", "boolean"};
  return kNames[static_cast<std::size_t>(kind)];
}

const std::vector<const Attribute*>& sort_attributes() {
  static const std::vector<const Attribute*> kSortable = {
      find_attribute("device_id"), find_attribute("name"), find_attribute("model"),
      find_attribute("firmware_version"), find_attribute("rae")};
  return kSortable;
}

}  // namespace dmp::registry::api
