#include "canary/adapters/connect_failure.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <mosquitto.h>
#include <netdb.h>
#include <openssl/ssl.h>

namespace dmp::canary {

std::string reason_text(int code) {
  if (code == MOSQ_ERR_ERRNO) return std::generic_category().message(errno);
  if (code == MOSQ_ERR_EAI) return gai_strerror(errno);  // getaddrinfo's, not errno's
  return code >= kFirstRefusal ? mosquitto_reason_string(code) : mosquitto_strerror(code);
}

ConnectFailure connect_failure(int code, ConnectStep step) {
  // What libmosquitto says if OpenSSL could not go on and has no word for it: the socket failed.
  // A broker's alert (TLS 1.3 sends it after our handshake) can be lost that way.
  if (code == MOSQ_ERR_ERRNO && errno == EPROTO) {
    return {ConnectStep::kTls, "closed by the broker at the end of the TLS handshake"};
  }
  return {step, reason_text(code)};
}

FleetEvent refused(ConnectFailure why) {
  return {.kind = FleetEvent::Kind::kRefused, .step = why.step, .text = std::move(why.why)};
}

ConnectFailure handshake_failure(const ssl_st* tls, std::string_view said) {
  // "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed"
  std::string why(said.substr(said.rfind(':') + 1));
  const long verified = tls == nullptr ? X509_V_OK : SSL_get_verify_result(tls);
  if (verified == X509_V_OK) return {ConnectStep::kTls, std::move(why)};
  return {ConnectStep::kBrokerCertificate,
          std::move(why) + ": " + X509_verify_cert_error_string(verified)};
}

}  // namespace dmp::canary
