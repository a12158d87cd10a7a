#include "canary/adapters/identities.h"

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "canary/adapters/file.h"
#include "canary/core/voice.h"

namespace dmp::canary {
namespace {

constexpr long kBackdatedS = 300;
constexpr int kSerialBytes = 16;

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;

tl::unexpected<Error> failed(const std::string& what) {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  ERR_clear_error();
  return fail("bad_certificate", what + ": " + text);
}

struct Authority {
  Certificate certificate;
  Key key;
};

Certificate read_certificate(const std::string& path) {
  const File file(std::fopen(path.c_str(), "re"));
  return Certificate(file ? PEM_read_X509(file.get(), nullptr, nullptr, nullptr) : nullptr);
}

Key read_key(const std::string& path) {
  const File file(std::fopen(path.c_str(), "re"));
  return Key(file ? PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr) : nullptr);
}

Result<Authority> open_authority(const AuthorityFiles& files) {
  Authority made{read_certificate(files.certificate), read_key(files.key)};
  if (!made.certificate) {
    return fail("bad_certificate", "setting authority-certificate: " + files.certificate +
                                       ": no readable PEM certificate; name the CA's");
  }
  if (!made.key) {
    return fail("bad_certificate", "setting authority-key: " + files.key +
                                       ": no readable PEM private key; name the CA's");
  }
  if (X509_check_private_key(made.certificate.get(), made.key.get()) != 1) {
    return fail("bad_certificate", "setting authority-key: " + files.key +
                                       ": not the private key of " + files.certificate);
  }
  return made;
}

bool add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_random_serial(X509* certificate) {
  unsigned char bytes[kSerialBytes];
  if (RAND_bytes(bytes, kSerialBytes) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3f) | 0x40);  // positive, full length
  const Number number(BN_bin2bn(bytes, kSerialBytes, nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

Certificate sign(const Authority& authority, EVP_PKEY* key, const std::string& name,
                 std::chrono::seconds valid) {
  Certificate made(X509_new());
  X509* const raw = made.get();
  X509_NAME* const subject = X509_get_subject_name(raw);
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  const bool good =
      X509_set_version(raw, 2) == 1 && set_random_serial(raw) &&
      X509_gmtime_adj(X509_getm_notBefore(raw), -kBackdatedS) != nullptr &&
      X509_gmtime_adj(X509_getm_notAfter(raw), static_cast<long>(valid.count())) != nullptr &&
      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
      X509_set_issuer_name(raw, X509_get_subject_name(authority.certificate.get())) == 1 &&
      X509_set_pubkey(raw, key) == 1 &&
      add_extension(raw, authority.certificate.get(), NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(raw, authority.certificate.get(), NID_key_usage, "critical,digitalSignature") &&
      add_extension(raw, authority.certificate.get(), NID_ext_key_usage, "clientAuth") &&
      X509_sign(raw, authority.key.get(), EVP_sha256()) > 0;
  return good ? std::move(made) : nullptr;
}

File create(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  return File(fd < 0 ? nullptr : fdopen(fd, "w"));
}

std::string path_of(const std::string& folder, const std::string& run, std::int64_t client) {
  return folder + "/" + serial_of(run, client).str();
}

Status issue(const Authority& authority, const std::string& path, const std::string& name,
             std::chrono::seconds valid) {
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return failed("no key for " + name);
  const Certificate certificate = sign(authority, key.get(), name, valid);
  if (!certificate) return failed("no certificate for " + name);
  const File key_file = create(path + ".key");
  const File certificate_file = create(path + ".crt");
  const bool written =
      key_file && certificate_file &&
      PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
      PEM_write_X509(certificate_file.get(), certificate.get()) == 1 &&
      std::fflush(key_file.get()) == 0 && std::fflush(certificate_file.get()) == 0;
  if (written) return {};
  return fail("bad_file", path + ".key, .crt: cannot be written; name a writable folder with room");
}

// Files may be of another authority or too old, and those of a call that was killed are empty.
bool is_good(const Authority& authority, const std::string& path, std::chrono::seconds needed) {
  const Certificate certificate = read_certificate(path + ".crt");
  const Key key = certificate ? read_key(path + ".key") : nullptr;
  std::time_t until = std::time(nullptr) + static_cast<std::time_t>(needed.count());
  const bool good = certificate && key &&
                    X509_verify(certificate.get(), authority.key.get()) == 1 &&
                    X509_check_private_key(certificate.get(), key.get()) == 1 &&
                    X509_cmp_time(X509_get0_notAfter(certificate.get()), &until) > 0;
  ERR_clear_error();
  return good;
}

}  // namespace

Status check_issuer(const AuthorityFiles& authority) {
  const auto opened = open_authority(authority);
  return opened ? Status() : tl::unexpected(opened.error());
}

Status check_folder(const std::string& folder) {
  const auto missing = missing_folders(folder);
  const std::filesystem::path outermost = missing.empty() ? "" : missing.back();
  std::filesystem::path there =
      missing.empty() ? std::filesystem::path(folder) : outermost.parent_path();
  if (there.empty()) there = ".";
  if (access(there.c_str(), W_OK | X_OK) == 0 && std::filesystem::is_directory(there)) return {};
  return fail("bad_file", "setting certificates: " + folder + ": " + there.string() +
                              " is no folder to write in; name one that is");
}

Status issue_identities(const IdentityPlan& plan, const Issuing& how) {
  auto opened = open_authority(plan.authority);
  if (!opened) return tl::unexpected(opened.error());
  std::error_code problem;
  std::filesystem::create_directories(plan.folder, problem);
  if (problem)
    return fail("bad_file", "setting certificates: " + plan.folder + ": " + problem.message() +
                                "; name a folder that can be made");
  for (std::int64_t client = 1; client <= plan.clients; ++client) {
    if (how.progress) how.progress(client - 1);
    if (how.stop.stop_requested()) return {};
    const std::string name = serial_of(plan.run, client).str();
    const std::string path = path_of(plan.folder, plan.run, client);
    if (how.keep && is_good(*opened, path, plan.needed)) continue;
    if (how.made != nullptr) how.made->push_back(client);
    if (auto status = issue(*opened, path, name, plan.valid); !status) return status;
  }
  return {};
}

void remove_identities(const std::string& folder, const std::string& run,
                       const std::vector<std::int64_t>& clients) {
  for (const std::int64_t client : clients) {
    const std::string path = path_of(folder, run, client);
    unlink((path + ".crt").c_str());
    unlink((path + ".key").c_str());
  }
}

std::vector<std::string> missing_folders(const std::string& folder) {
  std::vector<std::string> missing;
  auto path = std::filesystem::path(folder + "/").lexically_normal().parent_path();
  std::error_code problem;
  while (!path.empty() && !std::filesystem::exists(path, problem)) {
    missing.push_back(path.string());
    path = path.parent_path();
  }
  return missing;
}

void remove_folders(const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) rmdir(folder.c_str());
}

Status find_identities(const std::string& folder, const std::string& run, std::int64_t clients) {
  for (std::int64_t client = 1; client <= clients; ++client) {
    for (const char* kind : {".crt", ".key"}) {
      const std::string path = path_of(folder, run, client) + kind;
      if (access(path.c_str(), R_OK) != 0) {
        return fail("bad_certificate",
                    path + ": not readable; make them with dmp-canary certificates --run " + run +
                        " --clients " + std::to_string(clients) + ", or give --authority-key");
      }
    }
  }
  return {};
}

}  // namespace dmp::canary
