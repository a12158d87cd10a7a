#include "schema/fast_encode.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace dmp {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>,
                                 rapidjson::CrtAllocator, rapidjson::kWriteValidateEncodingFlag>;

// Each says whether it could be written.

bool write(Writer& out, std::string_view text) {
  return out.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

bool write_name(Writer& out, std::string_view name) {
  return out.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
}

bool write_member(Writer& out, std::string_view name, const std::string& text) {
  return text.empty() || (write_name(out, name) && write(out, text));
}

bool write_member(Writer& out, std::string_view name, WallTime time) {
  return time.us == 0 || (write_name(out, name) && out.Int64(time.us));
}

bool write_member(Writer& out, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return true;
  bool good = write_name(out, name) && out.StartArray();
  for (const std::string& text : texts) good = good && write(out, text);
  return good && out.EndArray();
}

template <class Element>
std::optional<std::string> text_of(const std::vector<Element>& elements) {
  rapidjson::StringBuffer text;
  Writer out(text);
  bool good = out.StartArray();
  for (const Element& element : elements) {
    good = good && out.StartObject();
    Element::each(element, [&](std::string_view name, const auto& field) {
      good = good && write_member(out, name, field);
    });
    good = good && out.EndObject();
  }
  if (!good || !out.EndArray()) return std::nullopt;
  return std::string(text.GetString(), text.GetSize());
}

}  // namespace

std::optional<std::string> fast_encode(const std::vector<Claim>& claims) { return text_of(claims); }
std::optional<std::string> fast_encode(const std::vector<Interface>& interfaces) {
  return text_of(interfaces);
}
std::optional<std::string> fast_encode(const std::vector<HealthReason>& reasons) {
  return text_of(reasons);
}

}  // namespace dmp
