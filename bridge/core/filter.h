// MQTT topic filters (MQTT 5.0, 4.7): `+` stands for one level, `#` at the end for any rest. Pure.
#pragma once

#include <string_view>

namespace dmp::bridge {

bool is_valid_filter(std::string_view filter);

// Both take valid filters; a topic is a filter without wildcards.
bool matches(std::string_view filter, std::string_view topic);
bool overlap(std::string_view one, std::string_view other);

}  // namespace dmp::bridge
