#include "canary/adapters/tls_context.h"

#include <cstdio>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "canary/adapters/file.h"

namespace dmp::canary {
namespace {

// 1: it has shown its certificate; 0 ends the handshake.
int show_identity(SSL* tls, void* object) {
  const TlsIdentity& identity = (*static_cast<TlsContext::Current*>(object))();
  const bool shown = SSL_use_certificate(tls, identity.certificate()) == 1 &&
                     SSL_use_PrivateKey(tls, identity.key()) == 1;
  return shown ? 1 : 0;
}

bool expect_host(SSL_CTX* context, const std::string& host) {
  X509_VERIFY_PARAM* const expected = SSL_CTX_get0_param(context);
  return X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1 ||
         X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size()) == 1;
}

tl::unexpected<Error> no_authority(const std::string& setting, const std::string& file) {
  ERR_clear_error();
  return fail("bad_setting",
              "setting " + setting + ": " + file + ": no readable PEM certificate; name the CA's");
}

}  // namespace

void TlsIdentity::Free::operator()(x509_st* certificate) const { X509_free(certificate); }
void TlsIdentity::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<TlsIdentity> TlsIdentity::read(const std::string& files) {
  TlsIdentity made;
  const File certificate(std::fopen((files + ".crt").c_str(), "re"));
  const File key(std::fopen((files + ".key").c_str(), "re"));
  if (certificate && key) {
    made.certificate_.reset(PEM_read_X509(certificate.get(), nullptr, nullptr, nullptr));
    made.key_.reset(PEM_read_PrivateKey(key.get(), nullptr, nullptr, nullptr));
  }
  if (made.certificate_ && made.key_) return made;
  ERR_clear_error();
  return fail("bad_certificate", files + ".crt, .key: no readable PEM certificate and key");
}

void TlsContext::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Status check_authority(const std::string& setting, const std::string& file) {
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(),
                                                                      X509_STORE_free);
  if (store && X509_STORE_load_file(store.get(), file.c_str()) == 1) return {};
  return no_authority(setting, file);
}

Result<TlsContext> TlsContext::open(const std::string& ca, const std::string& host,
                                    Current current) {
  TlsContext made;
  made.current_ = std::make_unique<Current>(std::move(current));
  made.context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = made.get();
  if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
      !expect_host(context, host)) {
    return fail("bad_setting", "setting mqtt-uri: TLS cannot be set up for host " + host);
  }
  if (SSL_CTX_load_verify_file(context, ca.c_str()) != 1) return no_authority("mqtt-ca", ca);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_cert_cb(context, show_identity, made.current_.get());
  return made;
}

}  // namespace dmp::canary
