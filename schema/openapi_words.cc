#include "schema/openapi_words.h"

#include <algorithm>

namespace dmp {
namespace {

constexpr FieldWords kWords[] = {
    {"_text", "The word as the RAE said it, if this version does not know it."},
    {"observed_at", "When the RAE last saw it so."},
    {"source", "What told the RAE, such as neighbour, lease or roku-ecp."},
    {"identity", "Who the device is."},
    {"identity.device_id", "Names the device for good; made from its strongest claim."},
    {"identity.provisional",
     "True while the device is still probed: it may get another device_id."},
    {"identity.esn", "Electronic serial number, as streaming services know the device."},
    {"identity.device_type", "Such as tv, cast or roku."},
    {"identity.claims", "Everything that names the device, each with who said so."},
    {"claim", "One thing that names a device."},
    {"claim.kind", "Such as serial, udn or mac."},
    {"claim.confidence", "How far the source is believed."},
    {"network", "Where the device is on the RAE's LAN."},
    {"network.port", "Where its own service answers."},
    {"network.interfaces", "Every interface of the device that was seen."},
    {"interface", "One network interface of a device."},
    {"software", "What runs on the device."},
    {"onboarding", "How far the device has come from first seen to usable."},
    {"onboarding.step", "The step that is being tried."},
    {"onboarding.last_error", "Why the step failed last time."},
    {"onboarding.next_try_at", "When the step is tried again."},
    {"presence",
     "Whether the device is there, as shown: unknown with a reason while its RAE cannot be "
     "believed."},
    {"presence.reason", "Why it is so, such as no_answer, link_down or rae_lost."},
    {"presence.changed_at", "Since when; only while the RAE's own word is shown."},
    {"usage", "Whether a test uses the device, as the RAE sees it."},
    {"usage.holder", "Who uses it."},
    {"health", "Whether the device works as it should."},
    {"health.reasons", "What is wrong, one by one."},
    {"health_reason", "One thing that is wrong with a device."},
    {"health_reason.since_at", "Since when."},
};

}  // namespace

std::span<const FieldWords> all_field_words() { return kWords; }

std::string_view field_words(std::string_view field) {
  const auto found = std::find_if(std::begin(kWords), std::end(kWords),
                                  [&](const FieldWords& one) { return one.field == field; });
  return found == std::end(kWords) ? std::string_view() : found->words;
}

}  // namespace dmp
