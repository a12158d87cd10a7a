#include "canary/adapters/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace dmp::canary {
namespace {

// 1: it has shown its certificate; 0 ends the handshake.
int show_identity(SSL* tls, void* object) {
  const std::string files = (*static_cast<std::function<std::string()>*>(object))();
  const bool shown =
      SSL_use_certificate_file(tls, (files + ".crt").c_str(), SSL_FILETYPE_PEM) == 1 &&
      SSL_use_PrivateKey_file(tls, (files + ".key").c_str(), SSL_FILETYPE_PEM) == 1;
  return shown ? 1 : 0;
}

bool expect_host(SSL_CTX* context, const std::string& host) {
  X509_VERIFY_PARAM* const expected = SSL_CTX_get0_param(context);
  return X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1 ||
         X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size()) == 1;
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Result<TlsContext> TlsContext::open(const std::string& ca, const std::string& host,
                                    std::function<std::string()> identity_files) {
  TlsContext made;
  made.identity_files_ = std::make_unique<std::function<std::string()>>(std::move(identity_files));
  made.context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = made.get();
  if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
      !expect_host(context, host)) {
    return fail("bad_setting", "mqtt-uri: TLS cannot be set up for host " + host);
  }
  if (SSL_CTX_load_verify_file(context, ca.c_str()) != 1) {
    ERR_clear_error();
    return fail("bad_setting", "mqtt-ca " + ca + ": no readable PEM certificate; name the CA's");
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_cert_cb(context, show_identity, made.identity_files_.get());
  return made;
}

}  // namespace dmp::canary
