// TlsContext: one TLS context for all clients of a fleet; each shows a certificate of its own, read
// when the broker asks for it. A context per client would cost more than the handshake itself.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;

namespace dmp::canary {

class TlsContext {
 public:
  // Servers must prove by `ca` (PEM file) that they are `host`, a name or an address.
  // `identity_files` tells whose handshake goes on: the path of its certificate and key without
  // `.crt` and `.key`. Called within handshakes. Error: names the file.
  static Result<TlsContext> open(const std::string& ca, const std::string& host,
                                 std::function<std::string()> identity_files);

  [[nodiscard]] ssl_ctx_st* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  std::unique_ptr<std::function<std::string()>> identity_files_;  // OpenSSL holds its address
  std::unique_ptr<ssl_ctx_st, Free> context_;
};

}  // namespace dmp::canary
