// Documents: answers of devices as something to look fields up in. Hostile input is expected: XML
// entities are not expanded, depth and size are bounded. Pure; thread-safe.
#pragma once

#include <string_view>

#include "base/result.h"
#include "local-registry/core/profile.h"

namespace dmp::local {

inline constexpr std::size_t kAnswerBytesMax = 64 * 1024;

// Paths: JSON pointers ("/device/name"), or XML element paths from the root without namespaces
// ("/device-info/udn"). Numbers and truth values come as text.
Result<Lookup> open_document(AnswerFormat format, std::string_view bytes);

// The answer of a device to the request of `profile`, understood.
Result<Observation> read_answer(const Profile& profile, std::string_view bytes, const Clues& clues);

}  // namespace dmp::local
