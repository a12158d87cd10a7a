#include "local-registry/core/profile.h"

#include <algorithm>

#include "local-registry/core/device_text.h"

namespace dmp::local {
namespace {

constexpr std::string_view kAddress = "{address}";
constexpr std::string_view kLocation = "{location}";

const Advert* find_advert(const Clues& clues, const std::string& service) {
  for (const Advert& advert : clues.adverts) {
    if (advert.service == service) return &advert;
  }
  return nullptr;
}

std::string header_of(const Advert& advert, const std::string& header) {
  if (header == "usn") return advert.usn;
  if (header == "location") return advert.location;
  const auto found = advert.headers.find(header);
  return found == advert.headers.end() ? std::string() : found->second;
}

std::optional<std::string> raw_value(const FieldSource& source, const Lookup& answer,
                                     const Clues& clues) {
  if (source.service.empty()) return answer(source.path);
  const Advert* advert = find_advert(clues, source.service);
  if (advert == nullptr) return std::nullopt;
  return header_of(*advert, source.header);
}

std::string value_of(const FieldSource& source, const Lookup& answer, const Clues& clues) {
  std::string value = raw_value(source, answer, clues).value_or("");
  // "uuid:ABC::urn:..." names the service behind the device's own name.
  if (source.header == "usn") value = value.substr(0, value.find("::"));
  if (source.base64) value = base64_text(value);
  if (lower_case(value).starts_with(lower_case(source.prefix))) {
    value = value.substr(source.prefix.size());
  }
  value = device_text(value);
  if (source.field.ends_with("mac")) return mac_text(value);
  return is_junk(value) ? std::string() : value;
}

bool leads_to(std::string_view url, const std::string& address) {
  const std::string wanted = "http://" + address;
  if (!url.starts_with(wanted)) return false;
  const std::string_view rest = url.substr(wanted.size());
  return rest.empty() || rest[0] == ':' || rest[0] == '/';
}

}  // namespace

std::string Observation::get(std::string_view field) const {
  const auto found = fields.find(std::string(field));
  return found == fields.end() ? std::string() : found->second;
}

bool matches(const Profile& profile, const Clues& clues) {
  for (const std::string& service : profile.services) {
    if (find_advert(clues, service) != nullptr) return true;
  }
  return !clues.hostname.empty() &&
         std::any_of(profile.hostnames.begin(), profile.hostnames.end(),
                     [&](const std::string& glob) { return glob_matches(glob, clues.hostname); });
}

std::optional<std::string> request_url(const Profile& profile, const Clues& clues) {
  std::string url = profile.url;
  if (url == kLocation) {
    const Advert* advert =
        profile.services.empty() ? nullptr : find_advert(clues, profile.services.front());
    if (advert == nullptr || !leads_to(advert->location, clues.address)) return std::nullopt;
    return advert->location;
  }
  const std::size_t place = url.find(kAddress);
  if (place == std::string::npos || clues.address.empty()) return std::nullopt;
  const bool is_ipv6 = clues.address.find(':') != std::string::npos;
  return url.replace(place, kAddress.size(), is_ipv6 ? "[" + clues.address + "]" : clues.address);
}

std::optional<Observation> observe(const Profile& profile, const Lookup& answer,
                                   const Clues& clues) {
  Observation seen;
  for (const FieldSource& source : profile.fields) {
    if (seen.fields.contains(source.field)) continue;  // an earlier source had it
    std::string value = value_of(source, answer, clues);
    if (!value.empty()) seen.fields.emplace(source.field, std::move(value));
  }
  const bool recognised =
      std::any_of(profile.required.begin(), profile.required.end(),
                  [&](const std::string& field) { return seen.fields.contains(field); });
  if (!recognised) return std::nullopt;
  for (const auto& [field, value] : profile.constants) seen.fields.emplace(field, value);
  const std::string power = lower_case(seen.get("power"));
  seen.standby = std::any_of(profile.standby.begin(), profile.standby.end(),
                             [&](const std::string& word) { return lower_case(word) == power; });
  seen.fields.erase("power");
  return seen;
}

std::vector<std::string> searched_services(const std::vector<Profile>& profiles) {
  std::vector<std::string> services;
  for (const Profile& profile : profiles) {
    for (const std::string& service : profile.services) {
      if (std::find(services.begin(), services.end(), service) == services.end()) {
        services.push_back(service);
      }
    }
  }
  return services;
}

}  // namespace dmp::local
