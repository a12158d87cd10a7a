// Profile: how one family of devices is recognised, asked and understood: a declarative file.
//
// A profile says which clues point to it, what to request over HTTP, and where in the answer or in
// the device's SSDP announcements each field stands. Profiles come in order of trust: where two
// name the same field, the earlier wins. Pure; immutable after loading.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dmp::local {

// One SSDP service a device announced.
struct Advert {
  std::string service;  // ST or NT
  std::string usn;
  std::string location;
  std::map<std::string, std::string> headers;  // further ones, names in lower case

  bool operator==(const Advert&) const = default;
};

// What is known about a device before anybody asked it.
struct Clues {
  std::string address;
  std::string hostname;
  std::vector<Advert> adverts;
};

// Where a field comes from. Either `path` (JSON pointer or XML element path of the answer) or
// `service` and `header` (of an SSDP announcement; "usn" and "location" count as headers).
struct FieldSource {
  std::string field;  // "identity.serial", "software.firmware_version", "claim.udn", "power"
  std::string path;
  std::string service;
  std::string header;
  std::string prefix;   // cut off the value if it is there ("uuid:")
  bool base64 = false;  // the value is base64 of the text
};

enum class AnswerFormat { kNone, kJson, kXml };

struct Profile {
  std::string name;
  std::vector<std::string> services;   // SSDP services that point to it
  std::vector<std::string> hostnames;  // globs of DHCP names that point to it
  bool guess = false;                  // worth trying without any clue
  // "http://{address}:8060/path", or "{location}": where the first of `services` is described.
  // Empty: the announcements say it all.
  std::string url;
  AnswerFormat format = AnswerFormat::kNone;
  std::vector<std::string> required;  // the answer is this family's only with one of these fields
  std::map<std::string, std::string> constants;  // field -> value
  std::vector<FieldSource> fields;
  std::vector<std::string> standby;  // words of the field "power" that mean standby
};

// What one profile learnt: field -> text as the device said it, cleaned; never junk.
struct Observation {
  std::map<std::string, std::string> fields;
  bool standby = false;

  [[nodiscard]] std::string get(std::string_view field) const;
  bool operator==(const Observation&) const = default;
};

// Whether a clue points to this profile.
bool matches(const Profile& profile, const Clues& clues);

// The URL to ask; nothing if the profile lacks a clue for it or the clue leads to another host.
std::optional<std::string> request_url(const Profile& profile, const Clues& clues);

// Text at a path of the answer, if there.
using Lookup = std::function<std::optional<std::string>(const std::string& path)>;

// Nothing if the answer is not of this family.
std::optional<Observation> observe(const Profile& profile, const Lookup& answer,
                                   const Clues& clues);

// Every service that any profile listens for, without repeats.
std::vector<std::string> searched_services(const std::vector<Profile>& profiles);

}  // namespace dmp::local
