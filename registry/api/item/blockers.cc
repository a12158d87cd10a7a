#include "registry/api/item/blockers.h"

namespace dmp::registry::api {
namespace {

std::string in_brackets(std::string_view text) {
  return text.empty() ? "" : " (" + std::string(text) + ")";
}

std::string by(std::string_view who) { return who.empty() ? "" : " by " + std::string(who); }

constexpr std::string_view kCodes[] = {
    "registry_behind", "rae_lost", "bridge_silent",     "rae_silent", "not_confirmed",
    "offline",         "standby",  "presence_unknown",  "onboarding", "in_test",
    "unhealthy",       "held",     "duplicate_identity"};

}  // namespace

std::span<const std::string_view> blocker_codes() { return kCodes; }

std::string blocker_message(std::string_view code, const Evidence& evidence) {
  const std::string rae = "RAE " + std::string(evidence.rae);
  if (code == "registry_behind") {
    return "the registry is more than 60 s behind with reading; nothing newer is known";
  }
  if (code == "rae_lost") return rae + " is offline; what its devices do is not known";
  if (code == "bridge_silent") {
    return "the bridge of " + rae + " has not been heard for 90 s; nothing newer is known";
  }
  if (code == "rae_silent") return rae + " has not been heard for 180 s";
  if (code == "not_confirmed") {
    return rae + " has not named the device since it connected";
  }
  if (code == "presence_unknown") return rae + " does not know whether the device is there";
  if (code == "offline") return "the device does not answer";
  if (code == "standby") return "the device is in standby";
  if (code == "onboarding") return "the device is not onboarded yet";
  if (code == "in_test") return "a test uses the device" + in_brackets(evidence.holder);
  if (code == "unhealthy") return "the device reports bad health";
  if (code == "held") {
    return "the device is held" + by(evidence.hold_by) + in_brackets(evidence.hold_reason);
  }
  if (code == "duplicate_identity") {
    return "more than one device with this identity is online at once";
  }
  return std::string(code);
}

}  // namespace dmp::registry::api
