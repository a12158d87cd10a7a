// What Paho says of a call that failed, in words.
#pragma once

#include <string>

#include <mqtt/async_client.h>

#include "base/endpoints.h"

namespace dmp {

inline std::string paho_error(const mqtt::token& token) {
  return mqtt::exception::printable_error(token.get_return_code(),
                                          static_cast<int>(token.get_reason_code()));
}

// Of a connect() to `uri`: what the broker answered comes as return code, and Paho's own errors are
// negative.
inline std::string why_not_connected(const std::string& uri, const mqtt::token& token) {
  constexpr int kRefusals = 0x80;  // MQTT 5.0, 3.2.2.2
  const int code = token.get_return_code();
  if (code >= kRefusals) return mqtt::exception::printable_error(code, code);
  return not_connected(uri, paho_error(token));
}

}  // namespace dmp
