#include "local-registry/adapters/profile_files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "local-registry/adapters/json_reader.h"
#include "schema/facets.h"

namespace dmp::local {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kFileBytesMax = 64 * 1024;
constexpr std::size_t kProfilesMax = 64;

template <class Fields>
bool has_text_field(std::string_view name) {
  bool found = false;
  Fields fields;
  Fields::each(fields, [&](FieldNames names, auto& field) {
    found = found || (std::is_same_v<decltype(field), std::string&> && names.json == name);
  });
  return found;
}

bool is_field(std::string_view field) {
  static constexpr std::array<std::string_view, 5> kOthers = {
      "claim.udn", "claim.duid", "claim.ethernet_mac", "claim.wifi_mac", "power"};
  if (std::find(kOthers.begin(), kOthers.end(), field) != kOthers.end()) return true;
  if (field.starts_with("identity.")) return has_text_field<Identity>(field.substr(9));
  return field.starts_with("software.") && has_text_field<Software>(field.substr(9));
}

bool is_path(const std::string& path) {
  try {
    return !Json::json_pointer(path).empty();
  } catch (const Json::exception&) {
    return false;
  }
}

FieldSource read_source(const Json& json, JsonReader& profile) {
  FieldSource source;
  JsonReader reader(json);
  reader.known({"field", "path", "service", "header", "prefix", "base64"});
  reader.read("field", source.field);
  reader.read("path", source.path);
  reader.read("service", source.service);
  reader.read("header", source.header);
  reader.read("prefix", source.prefix);
  reader.read("base64", source.base64);
  if (!is_field(source.field)) reader.refuse("no such field '" + source.field + "'");
  if (source.path.empty() == source.service.empty()) {
    reader.refuse("'" + source.field + "' needs either a path or a service with a header");
  }
  if (!source.path.empty() && !is_path(source.path)) {
    reader.refuse("path '" + source.path + "' must be like /device/name");
  }
  if (!reader.error().empty()) profile.refuse("fields: " + reader.error());
  return source;
}

void check(const Profile& profile, JsonReader& reader) {
  if (profile.name.empty() || profile.name.find(',') != std::string::npos) {
    reader.refuse("the file's name must not hold a comma");
  }
  if (profile.required.empty()) reader.refuse("field 'required' must name at least one field");
  if (profile.fields.empty()) reader.refuse("field 'fields' is empty");
  if (profile.url.empty() != (profile.format == AnswerFormat::kNone)) {
    reader.refuse("a 'url' needs a 'format' and the other way round");
  }
  const bool fixed = profile.url.starts_with("http://{address}");
  if (!profile.url.empty() && !fixed && profile.url != "{location}") {
    reader.refuse("field 'url': expected http://{address}... or {location}, got '" + profile.url +
                  "'");
  }
  if (profile.guess && !fixed) reader.refuse("a profile to guess with needs a fixed 'url'");
  for (const auto& [field, value] : profile.constants) {
    if (!is_field(field)) reader.refuse("constants: no such field '" + field + "'");
  }
}

AnswerFormat format_of(const std::string& word, JsonReader& reader) {
  if (word == "json") return AnswerFormat::kJson;
  if (word == "xml") return AnswerFormat::kXml;
  if (!word.empty()) reader.refuse("field 'format': expected json or xml, got '" + word + "'");
  return AnswerFormat::kNone;
}

}  // namespace

Result<RankedProfile> parse_profile(const std::string& name, std::string_view bytes) {
  const Json json = Json::parse(bytes, nullptr, false);
  if (json.is_discarded()) return fail("bad_profile", name + ": is not JSON");
  RankedProfile ranked;
  Profile& profile = ranked.profile;
  profile.name = name;
  JsonReader reader(json);
  reader.known({"about", "rank", "services", "hostnames", "guess", "url", "format", "required",
                "constants", "fields", "standby"});
  std::string format;
  std::vector<Json> fields;
  reader.read("rank", ranked.rank);
  reader.read("services", profile.services);
  reader.read("hostnames", profile.hostnames);
  reader.read("guess", profile.guess);
  reader.read("url", profile.url);
  reader.read("format", format);
  reader.read("required", profile.required);
  reader.read("constants", profile.constants);
  reader.read("standby", profile.standby);
  reader.read("fields", fields);
  profile.format = format_of(format, reader);
  for (const Json& source : fields) profile.fields.push_back(read_source(source, reader));
  check(profile, reader);
  if (!reader.error().empty()) return fail("bad_profile", name + ": " + reader.error());
  return ranked;
}

Result<std::vector<Profile>> load_profiles(const std::string& folder) {
  std::error_code problem;
  std::vector<RankedProfile> ranked;
  for (const auto& entry : std::filesystem::directory_iterator(folder, problem)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::string bytes(kFileBytesMax, '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    auto profile = parse_profile(entry.path().stem().string(), bytes);
    if (!profile) return tl::unexpected(profile.error().within("profiles in " + folder));
    ranked.push_back(std::move(*profile));
  }
  if (problem || ranked.empty() || ranked.size() > kProfilesMax) {
    return fail("bad_profile", "setting profiles: the folder '" + folder + "' has " +
                                   std::to_string(ranked.size()) + " *.json files; it needs 1 to " +
                                   std::to_string(kProfilesMax));
  }
  std::sort(ranked.begin(), ranked.end(), [](const RankedProfile& a, const RankedProfile& b) {
    return std::tie(a.rank, a.profile.name) < std::tie(b.rank, b.profile.name);
  });
  std::vector<Profile> profiles;
  for (RankedProfile& each : ranked) profiles.push_back(std::move(each.profile));
  return profiles;
}

}  // namespace dmp::local
