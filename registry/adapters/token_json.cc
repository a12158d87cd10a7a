#include "registry/adapters/token_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace dmp::registry {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kTokensMax = 10000;
constexpr std::size_t kGlobsMax = 64;
constexpr std::size_t kGlobBytesMax = 64;

tl::unexpected<Error> bad(const std::string& place, std::string_view expected) {
  return fail("bad_tokens", place + ": expected " + std::string(expected));
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool is_glob(const std::string& text) {
  return !text.empty() && text.size() <= kGlobBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  std::string_view("._-*?").find(c) != std::string_view::npos;
         });
}

std::string text_of(const Json& entry, std::string_view name) {
  const auto found = entry.find(name);
  return found != entry.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<api::Role> parse_role(std::string_view word) {
  if (word == "viewer") return api::Role::kViewer;
  if (word == "operator") return api::Role::kOperator;
  if (word == "admin") return api::Role::kAdmin;
  return std::nullopt;
}

Result<api::Principal> parse_principal(const Json& entry, const std::string& place) {
  api::Principal principal;
  principal.subject = text_of(entry, "subject");
  if (principal.subject.empty()) return bad(place + ".subject", "a name");
  const auto role = parse_role(text_of(entry, "role"));
  if (!role) return bad(place + ".role", "viewer, operator or admin");
  principal.role = *role;
  const auto raes = entry.find("raes");
  if (raes == entry.end() || !raes->is_array() || raes->size() > kGlobsMax) {
    return bad(place + ".raes", "an array of at most 64 RAE globs; [\"*\"] for all");
  }
  for (const Json& glob : *raes) {
    if (!glob.is_string() || !is_glob(glob.get<std::string>())) {
      return bad(place + ".raes",
                 "globs of A-Z a-z 0-9 . _ - * ?, got " + glob.dump(-1, ' ', true));
    }
    principal.rae_patterns.push_back(api::like_pattern(glob.get<std::string>()));
  }
  return principal;
}

}  // namespace

Result<api::TokenSet> parse_tokens(std::string_view json) {
  const Json file = Json::parse(json, nullptr, false);
  if (!file.is_object() || !file.contains("tokens") || !file["tokens"].is_array()) {
    return bad("the file", R"(a JSON object {"tokens":[...]})");
  }
  if (file["tokens"].size() > kTokensMax) return bad("tokens", "at most 10000 entries");
  api::TokenSet set;
  for (std::size_t i = 0; i < file["tokens"].size(); ++i) {
    const Json& entry = file["tokens"][i];
    const std::string place = "tokens[" + std::to_string(i) + "]";
    if (!entry.is_object()) return bad(place, "an object");
    const std::string sha256 = text_of(entry, "sha256");
    if (!is_sha256(sha256)) return bad(place + ".sha256", "64 hex digits in lower case");
    auto principal = parse_principal(entry, place);
    if (!principal) return tl::unexpected(principal.error());
    if (!set.add(sha256, std::move(*principal))) {
      return bad(place + ".sha256", "each token once");
    }
  }
  return set;
}

}  // namespace dmp::registry
