// fast_encode: updates, confirmations, facets and list fields as JSON text, without building a
// document first.
//
// Nothing if some text is no UTF-8: encode (codec.h), which asks here first, replaces that. Pure;
// thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/messages.h"

namespace dmp {

std::optional<std::string> fast_encode(const DeviceUpdate& update);
std::optional<std::string> fast_encode(const Confirm& confirm);
std::optional<std::string> fast_encode(const Facets& facets);
std::optional<std::string> fast_encode(const std::vector<Claim>& claims);
std::optional<std::string> fast_encode(const std::vector<Interface>& interfaces);
std::optional<std::string> fast_encode(const std::vector<HealthReason>& reasons);

}  // namespace dmp
