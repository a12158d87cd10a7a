#include "registry/adapters/token_file.h"

#include <fstream>

#include <openssl/evp.h>
#include <sys/stat.h>

#include "base/log.h"
#include "registry/adapters/token_json.h"

namespace dmp::registry {
namespace {

std::string sha256_hex(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int bytes = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &bytes, EVP_sha256(), nullptr) != 1) return "";
  std::string hex;
  for (unsigned int i = 0; i < bytes; ++i) {
    hex += kHex[digest[i] >> 4];
    hex += kHex[digest[i] & 15];
  }
  return hex;
}

}  // namespace

Status TokenFile::check(const std::string& path) {
  const auto tokens = TokenFile(path).load();
  if (!tokens) return tl::unexpected(tokens.error());
  return {};
}

Result<std::unique_ptr<TokenFile>> TokenFile::open(const std::string& path) {
  std::unique_ptr<TokenFile> file(new TokenFile(path));
  file->mark_ = file->mark();
  auto tokens = file->load();
  if (!tokens) return tl::unexpected(tokens.error());
  log_info("tokens_read", {{"file", path}, {"tokens", tokens->size()}});
  file->tokens_ = std::make_shared<const api::TokenSet>(std::move(*tokens));
  return file;
}

std::optional<api::Principal> TokenFile::find(std::string_view token) const {
  std::shared_ptr<const api::TokenSet> tokens;
  {
    std::lock_guard lock(mutex_);
    tokens = tokens_;
  }
  const api::Principal* principal = tokens->find(sha256_hex(token));
  return principal == nullptr ? std::nullopt : std::optional(*principal);
}

void TokenFile::refresh() {
  std::lock_guard refreshing(refresh_mutex_);
  // Taken before reading: a write in between shows as another change next time.
  const Mark now = mark();
  if (now == mark_) return;
  mark_ = now;
  auto tokens = load();
  if (!tokens) {
    log_error("tokens_refused",
              {{"error", tokens.error().message}, {"effect", "the tokens read before stay valid"}});
    return;
  }
  log_info("tokens_read", {{"file", path_}, {"tokens", tokens->size()}});
  std::lock_guard lock(mutex_);
  tokens_ = std::make_shared<const api::TokenSet>(std::move(*tokens));
}

TokenFile::Mark TokenFile::mark() const {
  struct stat status {};
  if (stat(path_.c_str(), &status) != 0) return {};
  return {status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

Result<api::TokenSet> TokenFile::load() const {
  struct stat status {};
  std::ifstream file(path_, std::ios::binary);
  if (!file || stat(path_.c_str(), &status) != 0) {
    return fail("bad_tokens",
                "tokens file " + path_ + " cannot be read; check --tokens and its owner");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    log_warning("tokens_file_open_to_others", {{"file", path_}, {"way_out", "chmod 600"}});
  }
  if (status.st_size > static_cast<off_t>(kFileBytesMax)) {
    return fail("bad_tokens", "tokens file " + path_ + " has " + std::to_string(status.st_size) +
                                  " bytes; at most " + std::to_string(kFileBytesMax));
  }
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  auto tokens = parse_tokens(text);
  if (!tokens) return tl::unexpected(tokens.error().within("tokens file " + path_));
  return tokens;
}

}  // namespace dmp::registry
