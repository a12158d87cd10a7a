#include <algorithm>

#include "registry/api/item/item.h"
#include "registry/api/text.h"
#include "schema/facets.h"

namespace dmp::registry::api {
namespace {

template <class T>
struct IsKnown : std::false_type {};
template <class Enum>
struct IsKnown<Known<Enum>> : std::true_type {};

std::vector<std::string> make_fields() {
  std::vector<std::string> fields = {"device_id", "device_session_id", "rae", "schedulable",
                                     "blockers"};
  for (const char* field :
       {"status", "reason", "status_text", "changed_at", "observed_at", "source"}) {
    fields.push_back(std::string("presence.") + field);
  }
  const Facets none;
  each_facet(none, [&]<class Fields>(FacetNames facet, const std::optional<Facet<Fields>>&) {
    if constexpr (std::is_same_v<Fields, Presence>) return;
    const std::string group = std::string(facet.name) + ".";
    const Fields empty{};
    Fields::each(empty, [&]<class T>(FieldNames names, const T&) {
      fields.push_back(group + std::string(names.json));
      if constexpr (IsKnown<T>::value) fields.push_back(fields.back() + "_text");
    });
    fields.push_back(group + "observed_at");
    fields.push_back(group + "source");
  });
  for (const char* field : {"labels", "note", "hold.by", "hold.reason", "hold.until_at", "revision",
                            "rae_last_heard_at"}) {
    fields.emplace_back(field);
  }
  return fields;
}

}  // namespace

const std::vector<std::string>& item_fields() {
  static const std::vector<std::string> kFields = make_fields();
  return kFields;
}

bool FieldChoice::has(std::string_view field) const {
  const std::string_view group = field.substr(0, field.find('.'));
  return names.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
           return name == field || name == group;
         });
}

bool FieldChoice::has_any_of(std::string_view group) const {
  return names.empty() || std::any_of(names.begin(), names.end(), [&](std::string_view name) {
           return name.substr(0, name.find('.')) == group;
         });
}

bool JsonItem::wants(std::string_view name) const {
  if (choice_.names.empty()) return true;
  return choice_.has(group_.empty() ? std::string(name) : group_ + "." + std::string(name));
}

void JsonItem::begin_group(std::string_view name) {
  group_ = name;
  if (choice_.has_any_of(group_)) json_.key(name).begin_object();
}

void JsonItem::end_group() {
  if (choice_.has_any_of(group_)) json_.end_object();
  group_.clear();
}

void JsonItem::text(std::string_view name, std::string_view value) {
  if (wants(name)) json_.key(name).string(value);
}

void JsonItem::raw(std::string_view name, std::string_view json) {
  if (wants(name)) json_.key(name).raw(json);
}

void JsonItem::blockers(std::string_view codes, const Evidence& evidence) {
  if (!wants("blockers")) return;
  json_.key("blockers").begin_array();
  while (!codes.empty()) {
    const std::string_view code = take_until(codes, ',');
    json_.begin_object().key("code").string(code);
    json_.key("message").string(blocker_message(code, evidence)).end_object();
  }
  json_.end_array();
}

}  // namespace dmp::registry::api
