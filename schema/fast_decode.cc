#include "schema/fast_decode.h"

#include <algorithm>
#include <array>
#include <string>

#include <rapidjson/document.h>

namespace dmp {
namespace {

using Value = rapidjson::Value;

// Most messages fit; what does not is taken from the heap.
constexpr std::size_t kPoolBytes = std::size_t{16} * 1024;

std::string_view text_of(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

// The member, the last of that name as everywhere; null if it is absent or null.
const Value* member(const Value& object, std::string_view name) {
  const Value* found = nullptr;
  for (auto each = object.MemberBegin(); each != object.MemberEnd(); ++each) {
    if (text_of(each->name) == name) found = &each->value;
  }
  return found == nullptr || found->IsNull() ? nullptr : found;
}

bool read_integer(const Value& value, std::int64_t least, std::int64_t most, std::int64_t& out) {
  if (!value.IsInt64()) return false;
  out = value.GetInt64();
  return out >= least && out <= most;
}

bool read(const Value& value, std::string& out) {
  if (!value.IsString()) return false;
  const std::string_view text = text_of(value);
  if (text.size() > Limits::kStringBytes || text.find('\0') != std::string_view::npos) return false;
  out = text;
  return true;
}

bool read(const Value& value, bool& out) {
  if (!value.IsBool()) return false;
  out = value.GetBool();
  return true;
}

bool read(const Value& value, std::int32_t& out) {
  std::int64_t wide = 0;
  const bool good = read_integer(value, 0, 65535, wide);
  out = static_cast<std::int32_t>(wide);
  return good;
}

bool read(const Value& value, WallTime& out) {
  return read_integer(value, 1, kTimeLimit - 1, out.us);
}

bool read(const Value& value, Timestamp& out) {
  return read_integer(value, 1, kTimeLimit - 1, out.us);
}

template <class Kind>
bool read(const Value& value, UuidOf<Kind>& out) {
  if (!value.IsString()) return false;
  if (value.GetStringLength() == 0) return true;
  const auto parsed = UuidOf<Kind>::parse(text_of(value));
  if (parsed) out = *parsed;
  return parsed.has_value();
}

template <class Enum>
bool read(const Value& value, Known<Enum>& out) {
  std::string word;
  if (!read(value, word)) return false;
  if (!word.empty()) out = Known<Enum>::parse(word);
  return true;
}

template <class Type>
concept ListElement = requires(Type& element) {
  Type::each(element, [](auto, auto&) {});
};

template <ListElement Element>
bool read(const Value& value, Element& out);

template <class Element>
bool read(const Value& value, std::vector<Element>& out) {
  if (!value.IsArray() || value.Size() > Limits::kArrayItems) return false;
  out.reserve(value.Size());
  return std::all_of(value.Begin(), value.End(),
                     [&](const Value& each) { return read(each, out.emplace_back()); });
}

bool read(const Value& value, UpdateKind& out) {
  if (!value.IsString()) return false;
  const auto& names = EnumNames<UpdateKind>::kNames;
  const auto found = std::find(names.begin(), names.end(), text_of(value));
  out = static_cast<UpdateKind>(found - names.begin());
  return found != names.end();
}

template <class Out>
bool read_member(const Value& object, std::string_view name, Out& out) {
  const Value* found = member(object, name);
  return found == nullptr || read(*found, out);
}

template <class Out>
bool read_required(const Value& object, std::string_view name, Out& out) {
  const Value* found = member(object, name);
  return found != nullptr && read(*found, out);
}

template <ListElement Element>
bool read(const Value& value, Element& out) {
  bool good = value.IsObject();
  Element::each(out, [&](std::string_view name, auto& field) {
    good = good && read_member(value, name, field);
  });
  return good;
}

template <class Fields>
bool read(const Value& value, Facet<Fields>& out) {
  bool good = value.IsObject() && read_required(value, "timestamp", out.timestamp) &&
              read_member(value, "observed_at", out.observed_at) &&
              read_member(value, "source", out.source);
  Fields::each(out.fields, [&](FieldNames names, auto& field) {
    good = good && read_member(value, names.json, field);
  });
  return good;
}

bool read(const Value& value, Facets& out, Timestamp latest) {
  bool good = value.IsObject();
  each_facet(out, [&](FacetNames names, auto& facet) {
    const Value* found = good ? member(value, names.name) : nullptr;
    if (found == nullptr) return;
    good = read(*found, facet.emplace()) && facet->timestamp <= latest;
  });
  return good;
}

bool names_no_other(const Value& message, std::string_view name, std::string_view expected) {
  const Value* found = member(message, name);
  return found == nullptr || (found->IsString() && text_of(*found) == expected);
}

bool read(const Value& message, DeviceUpdate& out) {
  std::int64_t schema = 0;
  const Value* number = member(message, "schema");
  if (number == nullptr || !read_integer(*number, kSchema, kSchema, schema)) return false;
  const bool good = read_required(message, "kind", out.kind) &&
                    read_required(message, "timestamp", out.timestamp) &&
                    read_member(message, "reason", out.reason);
  if (!good) return false;
  const Value* facets = member(message, "facets");
  if (facets != nullptr && !read(*facets, out.facets, out.timestamp)) return false;
  if (out.kind != UpdateKind::kEnded) return facets != nullptr;
  return std::find(std::begin(kEndReasons), std::end(kEndReasons), out.reason) !=
         std::end(kEndReasons);
}

// Where the two parsers might differ: an embedded end, and surrogates, of which RapidJSON 1.1 takes
// a lone second half.
bool is_doubtful(std::string_view bytes) {
  constexpr auto kNone = std::string_view::npos;
  return bytes.find('\0') != kNone || bytes.find("\\ud") != kNone || bytes.find("\\uD") != kNone;
}

}  // namespace

std::optional<DeviceUpdate> fast_decode_update(std::string_view bytes, std::string_view rae,
                                               const SessionId& session) {
  using Pool = rapidjson::MemoryPoolAllocator<>;
  constexpr unsigned kFlags = rapidjson::kParseValidateEncodingFlag;
  if (is_doubtful(bytes)) return std::nullopt;
  std::array<char, kPoolBytes> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): scratch
  Pool pool(buffer.data(), buffer.size());
  rapidjson::GenericDocument<rapidjson::UTF8<>, Pool> message(&pool);
  message.Parse<kFlags>(bytes.data(), bytes.size());
  if (message.HasParseError() || !message.IsObject()) return std::nullopt;
  DeviceUpdate update;
  if (!read(static_cast<const Value&>(message), update)) return std::nullopt;
  if (!names_no_other(message, "rae", rae)) return std::nullopt;
  if (!names_no_other(message, "device_session_id", session.str())) return std::nullopt;
  return update;
}

}  // namespace dmp
