#include "registry/adapters/rest_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "registry/api/query/attribute.h"
#include "schema/ids.h"
#include "schema/messages.h"

namespace dmp::registry {
namespace {

using Json = nlohmann::json;

tl::unexpected<api::Problem> bad(const std::string& member, const std::string& expected) {
  return tl::unexpected(api::bad_body(member, member + " cannot be used; give " + expected));
}

// Control characters stand neither in a page nor in a log.
bool is_plain(const Json& value, std::size_t bytes_max) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return text.size() <= bytes_max && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

api::Answer<void> read_labels(const Json& labels, api::DevicePatch& patch) {
  if (!labels.is_object() || labels.size() > api::kLabelsPerPatchMax) {
    return bad("labels", "an object of at most " + std::to_string(api::kLabelsPerPatchMax) +
                             " labels; null for one that is to go");
  }
  for (const auto& [key, value] : labels.items()) {
    if (!api::is_label_key(key)) {
      return bad("labels." + api::shown(key), "a key of 1 to 64 of A-Z a-z 0-9 . _ / -");
    }
    if (value.is_null() || value == "") {
      patch.removed_labels.push_back(key);
    } else if (is_plain(value, Limits::kStringBytes)) {
      patch.labels.emplace(key, value.get<std::string>());
    } else {
      return bad("labels." + key, "a text of at most 256 bytes in one line, or null");
    }
  }
  return {};
}

api::Answer<void> read_hold(const Json& hold, api::DevicePatch& patch) {
  patch.hold.emplace();
  if (hold.is_null()) return {};
  if (!hold.is_object()) return bad("hold", R"({"reason":"...","until_at":MICROSECONDS} or null)");
  api::Hold held;
  for (const auto& [key, value] : hold.items()) {
    if (key == "reason" && is_plain(value, Limits::kStringBytes)) {
      held.reason = value.get<std::string>();
    } else if (key == "until_at" && value.is_number_unsigned() &&
               value.get<std::uint64_t>() - 1 < kTimeLimit - 1) {
      held.until_us = value.get<std::int64_t>();
    } else {
      return bad("hold." + api::shown(key),
                 "a reason of at most 256 bytes in one line, and until_at as microseconds since "
                 "1970 if the hold is to end by itself");
    }
  }
  patch.hold->emplace(std::move(held));
  return {};
}

api::Answer<void> read_member(const std::string& key, const Json& value, api::DevicePatch& patch) {
  if (key == "labels") return read_labels(value, patch);
  if (key == "hold") return read_hold(value, patch);
  if (key != "note") return bad(api::shown(key), "labels, note or hold");
  if (!value.is_null() && !is_plain(value, api::kNoteBytesMax)) {
    return bad("note", "a text of at most 1024 bytes in one line, or null");
  }
  patch.note = value.is_null() ? std::string() : value.get<std::string>();
  return {};
}

}  // namespace

std::map<std::string, std::string> parse_labels(std::string_view json) {
  std::map<std::string, std::string> labels;
  const auto parsed = Json::parse(json, nullptr, false);
  if (!parsed.is_object()) return labels;
  for (const auto& [key, value] : parsed.items()) {
    if (value.is_string()) labels.emplace(key, value.get<std::string>());
  }
  return labels;
}

api::Answer<api::DevicePatch> parse_patch(std::string_view json) {
  if (json.size() > api::kPatchBytesMax) {
    return bad("the body", "at most " + std::to_string(api::kPatchBytesMax) + " bytes");
  }
  const Json body = Json::parse(json, nullptr, false);
  if (!body.is_object()) return bad("the body", "a JSON object in UTF-8");
  api::DevicePatch patch;
  for (const auto& [key, value] : body.items()) {
    if (auto read = read_member(key, value, patch); !read) return tl::unexpected(read.error());
  }
  if (patch == api::DevicePatch()) return bad("the body", "labels, note or hold to change");
  return patch;
}

}  // namespace dmp::registry
