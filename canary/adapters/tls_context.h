// TlsContext: one TLS context for all clients of a fleet; each shows a certificate of its own when
// the broker asks for it. A context per client would load the authority anew for each connect.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

struct evp_pkey_st;
struct ssl_ctx_st;
struct x509_st;

namespace dmp::canary {

// A certificate and its key, read before they are needed, so that reading delays no connect.
class TlsIdentity {
 public:
  // FILES.crt and FILES.key. Error: names them.
  static Result<TlsIdentity> read(const std::string& files);

  [[nodiscard]] x509_st* certificate() const { return certificate_.get(); }
  [[nodiscard]] evp_pkey_st* key() const { return key_.get(); }

 private:
  struct Free {
    void operator()(x509_st* certificate) const;
    void operator()(evp_pkey_st* key) const;
  };
  std::unique_ptr<x509_st, Free> certificate_;
  std::unique_ptr<evp_pkey_st, Free> key_;
};

// Error: that setting's file holds no certificate.
Status check_authority(const std::string& setting, const std::string& file);

class TlsContext {
 public:
  using Current = std::function<const TlsIdentity&()>;

  // Servers must prove by `ca` (PEM file) that they are `host`, a name or an address. `current`
  // tells whose handshake goes on; called within handshakes. Error: names the file.
  static Result<TlsContext> open(const std::string& ca, const std::string& host, Current current);

  [[nodiscard]] ssl_ctx_st* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  std::unique_ptr<Current> current_;  // OpenSSL holds its address
  std::unique_ptr<ssl_ctx_st, Free> context_;
};

}  // namespace dmp::canary
