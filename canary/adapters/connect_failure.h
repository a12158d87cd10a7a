// Why a connect failed, in the words of the library that knows.
#pragma once

#include <string>
#include <string_view>

#include "canary/ports.h"

struct ssl_st;

namespace dmp::canary {

// What libmosquitto gives as a reason: one of its own errors, or a reason code of the broker's.
// Call it at once: some of its errors stand in errno.
std::string reason_text(int code);

// The same of a connect that came so far.
ConnectFailure connect_failure(int code, ConnectStep step);

FleetEvent refused(ConnectFailure why);

// Of a failed handshake: `said` is OpenSSL's error as libmosquitto logs it.
ConnectFailure handshake_failure(const ssl_st* tls, std::string_view said);

}  // namespace dmp::canary
