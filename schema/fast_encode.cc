#include "schema/fast_encode.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace dmp {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>,
                                 rapidjson::CrtAllocator, rapidjson::kWriteValidateEncodingFlag>;

// Each says whether it could be written. A member that says nothing is left out.

bool write(Writer& out, std::string_view text) {
  return out.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

bool write(Writer& out, const std::string& text) { return write(out, std::string_view(text)); }

bool write_name(Writer& out, std::string_view name) {
  return out.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
}

bool write_member(Writer& out, std::string_view name, const std::string& text) {
  return text.empty() || (write_name(out, name) && write(out, text));
}

bool write_member(Writer& out, std::string_view name, bool flag) {
  return write_name(out, name) && out.Bool(flag);
}

bool write_member(Writer& out, std::string_view name, std::int32_t number) {
  return number == 0 || (write_name(out, name) && out.Int(number));
}

bool write_member(Writer& out, std::string_view name, WallTime time) {
  return time.us == 0 || (write_name(out, name) && out.Int64(time.us));
}

template <class Kind>
bool write_member(Writer& out, std::string_view name, const UuidOf<Kind>& id) {
  return id.is_nil() || (write_name(out, name) && write(out, id.str()));
}

template <class Enum>
bool write_member(Writer& out, std::string_view name, const Known<Enum>& known) {
  return write_name(out, name) && write(out, known.word());
}

bool write(Writer& out, const Refusal& refusal) {
  return out.StartObject() && write_name(out, "correlation") && write(out, refusal.correlation) &&
         write_name(out, "code") && write(out, refusal.code) && out.EndObject();
}

template <class Element>
bool write(Writer& out, const std::vector<Element>& elements);

template <class Element>
bool write_member(Writer& out, std::string_view name, const std::vector<Element>& elements) {
  return elements.empty() || (write_name(out, name) && write(out, elements));
}

template <class Element>
bool write(Writer& out, const Element& element) {
  bool good = out.StartObject();
  Element::each(element, [&](std::string_view name, const auto& field) {
    good = good && write_member(out, name, field);
  });
  return good && out.EndObject();
}

template <class Element>
bool write(Writer& out, const std::vector<Element>& elements) {
  bool good = out.StartArray();
  for (const Element& element : elements) good = good && write(out, element);
  return good && out.EndArray();
}

template <class Fields>
bool write(Writer& out, const Facet<Fields>& facet) {
  bool good = out.StartObject() && write_name(out, "timestamp") && out.Int64(facet.timestamp.us) &&
              write_member(out, "observed_at", facet.observed_at) &&
              write_member(out, "source", facet.source);
  Fields::each(facet.fields, [&](FieldNames names, const auto& field) {
    good = good && write_member(out, names.json, field);
  });
  return good && out.EndObject();
}

bool write(Writer& out, const Facets& facets) {
  bool good = out.StartObject();
  each_facet(facets, [&](FacetNames names, const auto& facet) {
    good = good && (!facet || (write_name(out, names.name) && write(out, *facet)));
  });
  return good && out.EndObject();
}

bool write(Writer& out, const DeviceUpdate& update) {
  return out.StartObject() && write_name(out, "schema") && out.Int(kSchema) &&
         write_name(out, "kind") && write(out, enum_name(update.kind)) &&
         write_name(out, "timestamp") && out.Int64(update.timestamp.us) &&
         write_name(out, "facets") && write(out, update.facets) &&
         write_member(out, "reason", update.reason) && out.EndObject();
}

bool write(Writer& out, const Confirm& confirm) {
  return out.StartObject() && write_name(out, "schema") && out.Int(kSchema) &&
         write_name(out, "sent_at") && out.Int64(confirm.sent_at.us) && write_name(out, "stored") &&
         write(out, confirm.stored) && write_name(out, "refused") && write(out, confirm.refused) &&
         out.EndObject();
}

template <class Value>
std::optional<std::string> text_of(const Value& value) {
  rapidjson::StringBuffer text;
  Writer out(text);
  if (!write(out, value)) return std::nullopt;
  return std::string(text.GetString(), text.GetSize());
}

}  // namespace

std::optional<std::string> fast_encode(const DeviceUpdate& update) { return text_of(update); }
std::optional<std::string> fast_encode(const Confirm& confirm) { return text_of(confirm); }
std::optional<std::string> fast_encode(const Facets& facets) { return text_of(facets); }
std::optional<std::string> fast_encode(const std::vector<Claim>& claims) { return text_of(claims); }
std::optional<std::string> fast_encode(const std::vector<Interface>& interfaces) {
  return text_of(interfaces);
}
std::optional<std::string> fast_encode(const std::vector<HealthReason>& reasons) {
  return text_of(reasons);
}

}  // namespace dmp
