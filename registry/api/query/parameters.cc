#include "registry/api/query/parameters.h"

#include <algorithm>

#include "registry/api/text.h"
#include "schema/ids.h"

namespace dmp::registry::api {
namespace {

std::string list_of(std::initializer_list<std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

bool is_one_of(std::initializer_list<std::string_view> known, std::string_view name) {
  return std::find(known.begin(), known.end(), name) != known.end();
}

// The member of an item that a name means: as it stands there, or an attribute's short name.
std::optional<std::string> field_of(std::string_view name) {
  const auto& fields = item_fields();
  const bool known = std::any_of(fields.begin(), fields.end(), [&](std::string_view field) {
    return field == name || field.substr(0, field.find('.')) == name;
  });
  if (known) return std::string(name);
  const Attribute* attribute = find_attribute(name);
  if (attribute == nullptr || attribute->is_labels() || attribute->name == "held") {
    return std::nullopt;
  }
  return attribute->name;
}

// All of both; what everything passes adds nothing.
void add(Filter& filter, Filter more) {
  Filter all;
  all.add(std::move(filter));
  all.add(std::move(more));
  filter = all.parts.size() == 1 ? std::move(all.parts.front()) : std::move(all);
}

}  // namespace

void ParameterReader::only(std::initializer_list<std::string_view> known) {
  for (const Parameter& parameter : target_.parameters) {
    if (!is_one_of(known, parameter.name)) refuse_unknown(parameter, list_of(known));
  }
}

void ParameterReader::read_filter(std::initializer_list<std::string_view> known, Filter& out) {
  for (const Parameter& parameter : target_.parameters) {
    if (parameter.name == "filter") {
      add_expression(parameter, out);
    } else if (is_one_of(known, parameter.name)) {
      continue;
    } else if (find_attribute(parameter.name) == nullptr || parameter.name == "labels") {
      refuse_unknown(parameter,
                     "presence, model, rae, schedulable and every other attribute of a device, "
                     "labels.KEY, filter, " +
                         list_of(known));
    } else if (auto one = equal_filter(parameter.name, parameter.value)) {
      add(out, std::move(*one));
    } else {
      refuse(parameter, one.error().detail);
    }
  }
}

void ParameterReader::add_expression(const Parameter& parameter, Filter& out) {
  auto filter = parse_filter(parameter.value);
  if (filter) return add(out, std::move(*filter));
  if (!problem_) {
    problem_ = bad_filter(parameter.value, filter.error().token, filter.error().column,
                          filter.error().detail);
  }
}

void ParameterReader::read_word(std::string_view name,
                                std::initializer_list<std::string_view> words, int& out) {
  const Parameter* found = find(name);
  if (found == nullptr) return;
  const auto place = std::find(words.begin(), words.end(), found->value);
  if (place == words.end()) return refuse(*found, "one of " + list_of(words));
  out = static_cast<int>(place - words.begin());
}

void ParameterReader::read_flag(std::string_view name, bool& out) {
  const Parameter* found = find(name);
  if (found == nullptr) return;
  if (found->value != "0" && found->value != "1") return refuse(*found, "0 or 1");
  out = found->value == "1";
}

void ParameterReader::read_limit(int& out) {
  const Parameter* found = find("limit");
  if (found == nullptr) return;
  const auto number = to_integer(found->value);
  if (!number || *number < 1 || *number > kPageMax) {
    return refuse(*found, "a whole number from 1 to " + std::to_string(kPageMax));
  }
  out = static_cast<int>(*number);
}

void ParameterReader::read_time(std::string_view name, std::optional<std::int64_t>& out) {
  const Parameter* found = find(name);
  if (found == nullptr) return;
  const auto time = to_integer(found->value);
  if (!time || *time < 1 || *time >= kTimeLimit) {
    return refuse(*found, "a time as microseconds since 1970");
  }
  out = time;
}

void ParameterReader::read_fields(FieldChoice& out) {
  const Parameter* found = find("fields");
  if (found == nullptr) return;
  std::string_view rest = found->value;
  while (true) {
    const std::size_t comma = rest.find(',');
    const auto field = field_of(rest.substr(0, comma));
    if (!field) {
      return refuse(*found, "fields as they stand in a device, such as presence,identity.model; " +
                                shown(rest.substr(0, comma)) + " is none");
    }
    if (std::count(out.names.begin(), out.names.end(), *field) == 0) out.names.push_back(*field);
    if (comma == std::string_view::npos) return;
    rest.remove_prefix(comma + 1);
  }
}

void ParameterReader::read_sort(const Attribute*& attribute, bool& descending) {
  const Parameter* found = find("sort");
  if (found == nullptr) return;
  std::string_view name = found->value;
  descending = name.starts_with('-');
  if (descending) name.remove_prefix(1);
  const Attribute* wanted = find_attribute(name);
  const auto& sortable = sort_attributes();
  if (wanted == nullptr || std::count(sortable.begin(), sortable.end(), wanted) == 0) {
    return refuse(*found,
                  "device_id, name, model, firmware_version or rae, with - in front for falling");
  }
  attribute = wanted;
}

std::string ParameterReader::address() const {
  std::string text;
  for (const std::string& segment : target_.segments) text += "/" + percent_encode(segment);
  char separator = '?';
  for (const Parameter& parameter : target_.parameters) {
    if (parameter.name == "cursor") continue;
    text += separator + percent_encode(parameter.name) + "=" + percent_encode(parameter.value);
    separator = '&';
  }
  return text;
}

const Parameter* ParameterReader::find(std::string_view name) const {
  const auto& parameters = target_.parameters;
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const Parameter& known) { return known.name == name; });
  return found == parameters.end() ? nullptr : &*found;
}

void ParameterReader::refuse(const Parameter& parameter, std::string_view instead) {
  if (problem_) return;
  problem_ = bad_parameter(parameter.name, parameter.value,
                           parameter.name + "=" + shown(parameter.value) +
                               " cannot be used; give " + std::string(instead));
}

void ParameterReader::refuse_unknown(const Parameter& parameter, const std::string& known) {
  if (problem_) return;
  problem_ =
      bad_parameter(parameter.name, parameter.value,
                    "there is no parameter " + shown(parameter.name) + " here; known are " + known);
}

}  // namespace dmp::registry::api
