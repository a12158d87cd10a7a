// Script files: see README.md for what stands in them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "local-registry/core/script.h"
#include "schema/ids.h"

namespace dmp::local {

inline constexpr std::size_t kScriptBytesMax = 4 << 20;

// Devices that the file only counts get serials and MACs of their own per `rae`, so that many
// agents can play the same file. An error names the line, or the field and its value.
Result<Script> parse_script(std::string_view bytes, const RaeSerial& rae);

Result<Script> load_script(const std::string& path, const RaeSerial& rae);

}  // namespace dmp::local
