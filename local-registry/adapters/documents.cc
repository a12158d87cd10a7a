#include "local-registry/adapters/documents.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

namespace dmp::local {
namespace {

using Json = nlohmann::json;

constexpr int kDepthMax = 32;

Result<Lookup> open_json(std::string_view bytes) {
  // Parsing is recursive-free, but freeing a deep tree and walking it need not be.
  const auto bounded = [](int depth, Json::parse_event_t, const Json&) {
    return depth <= kDepthMax;
  };
  auto document = std::make_shared<const Json>(Json::parse(bytes, bounded, false));
  if (document->is_discarded()) return fail("bad_answer", "the answer is not JSON");
  return Lookup([document](const std::string& path) -> std::optional<std::string> {
    if (path.empty() || path[0] != '/') return std::nullopt;
    const Json::json_pointer pointer(path);
    if (!document->contains(pointer)) return std::nullopt;
    const Json& value = document->at(pointer);
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number() || value.is_boolean()) return value.dump();
    return std::nullopt;
  });
}

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
  return parent.find_child([&](const pugi::xml_node& node) { return local_name(node) == name; });
}

Result<Lookup> open_xml(std::string_view bytes) {
  auto document = std::make_shared<pugi::xml_document>();
  // parse_minimal plus the five standard escapes; document types are skipped, never read.
  const unsigned options = pugi::parse_minimal | pugi::parse_escapes | pugi::parse_cdata;
  const auto parsed = document->load_buffer(bytes.data(), bytes.size(), options);
  if (!parsed) {
    return fail("bad_answer", std::string("the answer is not XML: ") + parsed.description());
  }
  return Lookup([document](const std::string& path) -> std::optional<std::string> {
    pugi::xml_node node = *document;
    std::string_view rest = path;
    while (node && rest.starts_with('/')) {
      rest.remove_prefix(1);
      const std::size_t slash = std::min(rest.find('/'), rest.size());
      node = child(node, rest.substr(0, slash));
      rest.remove_prefix(slash);
    }
    if (!node || !rest.empty()) return std::nullopt;
    return std::string(node.text().get());
  });
}

}  // namespace

Result<Lookup> open_document(AnswerFormat format, std::string_view bytes) {
  if (bytes.size() > kAnswerBytesMax) {
    return fail("bad_answer",
                "the answer has more than " + std::to_string(kAnswerBytesMax) + " bytes");
  }
  switch (format) {
    case AnswerFormat::kJson:
      return open_json(bytes);
    case AnswerFormat::kXml:
      return open_xml(bytes);
    case AnswerFormat::kNone:
      break;
  }
  return Lookup([](const std::string&) { return std::nullopt; });
}

Result<Observation> read_answer(const Profile& profile, std::string_view bytes,
                                const Clues& clues) {
  const auto answer = open_document(profile.format, bytes);
  if (!answer) return tl::unexpected(answer.error());
  auto seen = observe(profile, *answer, clues);
  if (!seen) return fail("other_family", "the answer is not of this family");
  return std::move(*seen);
}

}  // namespace dmp::local
