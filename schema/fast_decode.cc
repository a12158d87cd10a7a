#include "schema/fast_decode.h"

#include <algorithm>
#include <array>
#include <string>

#ifdef __SSE2__
#define RAPIDJSON_SSE2  // strings are looked through 16 bytes at a time
#endif
#include <rapidjson/document.h>

namespace dmp {
namespace {

using Value = rapidjson::Value;

// Most messages fit; what does not is taken from the heap.
constexpr std::size_t kPoolBytes = std::size_t{16} * 1024;
// The parser looks at so many bytes together, also at the end of a message.
constexpr std::size_t kAtOnce = 16;

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

bool is_ascii(std::string_view bytes) {
  unsigned char all = 0;
  for (const char c : bytes) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

// An embedded end, or one of 0x1a to 0x1f, which RapidJSON 1.1 takes within strings where it looks
// at 16 bytes at a time.
bool has_doubtful_byte(std::string_view bytes) {
  bool found = false;
  for (const char c : bytes) found |= c == '\0' || static_cast<unsigned char>(c - 0x1a) < 6;
  return found;
}

// Where the two parsers might differ: those bytes, and surrogates, of which RapidJSON 1.1 takes a
// lone second half.
bool is_doubtful(std::string_view bytes) {
  constexpr auto kNone = std::string_view::npos;
  return has_doubtful_byte(bytes) || bytes.find("\\ud") != kNone || bytes.find("\\uD") != kNone;
}

using Pool = rapidjson::MemoryPoolAllocator<>;
using Message = rapidjson::GenericDocument<rapidjson::UTF8<>, Pool>;
using Size = rapidjson::SizeType;

// Builds the message while it is parsed, refuses one that is nested too deep, and notes where its
// facets stand, so that it is parsed once.
class Builder {
 public:
  Builder(Message& message, rapidjson::InsituStringStream& stream)
      : message_(message), stream_(stream) {}

  // RapidJSON's names: NOLINTBEGIN(readability-identifier-naming)
  bool Null() { return message_.Null(); }
  bool Bool(bool value) { return message_.Bool(value); }
  bool Int(int value) { return message_.Int(value); }
  bool Uint(unsigned value) { return message_.Uint(value); }
  bool Int64(std::int64_t value) { return message_.Int64(value); }
  bool Uint64(std::uint64_t value) { return message_.Uint64(value); }
  bool Double(double value) { return message_.Double(value); }
  bool String(const char* text, Size size, bool copy) { return message_.String(text, size, copy); }
  bool RawNumber(const char* text, Size size, bool copy) {
    return message_.RawNumber(text, size, copy);
  }
  bool Key(const char* text, Size size, bool copy) {
    if (depth_ == 1) comes_next_ = std::string_view(text, size) == "facets";
    return message_.Key(text, size, copy);
  }
  bool StartObject() {
    if (depth_ == 1 && comes_next_) begin_ = stream_.Tell() - 1;
    return deeper() && message_.StartObject();
  }
  bool EndObject(Size members) {
    if (--depth_ == 1 && comes_next_) end_ = stream_.Tell();
    return message_.EndObject(members);
  }
  bool StartArray() { return deeper() && message_.StartArray(); }
  bool EndArray(Size elements) {
    --depth_;
    return message_.EndArray(elements);
  }
  // NOLINTEND(readability-identifier-naming)

  [[nodiscard]] std::string_view facets(std::string_view bytes) const {
    return end_ == 0 ? "{}" : bytes.substr(begin_, end_ - begin_);
  }

 private:
  bool deeper() { return ++depth_ <= Limits::kDepth; }

  Message& message_;
  rapidjson::InsituStringStream& stream_;
  int depth_ = 0;
  bool comes_next_ = false;  // or is being read: the value of "facets"
  std::size_t begin_ = 0;
  std::size_t end_ = 0;  // 0: there is none
};

template <unsigned kFlags>
bool parse(rapidjson::InsituStringStream& stream, Builder& builder) {
  rapidjson::Reader reader;
  return !reader.Parse<kFlags>(stream, builder).IsError();
}

}  // namespace

std::optional<ReadUpdate> fast_read_update(std::string_view bytes, std::string_view rae,
                                           const SessionId& session) {
  if (bytes.size() > Limits::kMessageBytes || is_doubtful(bytes)) return std::nullopt;
  // Scratch: NOLINTBEGIN(cppcoreguidelines-pro-type-member-init)
  alignas(kAtOnce) std::array<char, Limits::kMessageBytes + kAtOnce> text;
  std::array<char, kPoolBytes> buffer;
  // NOLINTEND(cppcoreguidelines-pro-type-member-init)
  *std::copy(bytes.begin(), bytes.end(), text.begin()) = '\0';
  Pool pool(buffer.data(), buffer.size());
  Message message(&pool);
  rapidjson::InsituStringStream stream(text.data());  // strings stay where they are
  Builder builder(message, stream);
  const auto build = [&](Message&) {
    constexpr unsigned kPlain = rapidjson::kParseInsituFlag;
    // Only text beyond ASCII has an encoding to validate.
    return is_ascii(bytes) ? parse<kPlain>(stream, builder)
                           : parse<kPlain | rapidjson::kParseValidateEncodingFlag>(stream, builder);
  };
  message.Populate(build);
  if (!message.IsObject()) return std::nullopt;
  std::optional<ReadUpdate> found(std::in_place);
  if (!read(static_cast<const Value&>(message), found->update)) return std::nullopt;
  if (!names_no_other(message, "rae", rae)) return std::nullopt;
  if (member(message, "device_session_id") != nullptr &&
      !names_no_other(message, "device_session_id", session.str())) {
    return std::nullopt;
  }
  found->facets = builder.facets(bytes);
  return found;
}

}  // namespace dmp
