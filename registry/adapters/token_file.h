// TokenFile: People from a tokens file (registry/api/people.h). Thread-safe.
//
// refresh() reads the file again when it was replaced or written. A file that cannot be read or
// understood changes nothing: the tokens known so far stay, and the log says why.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "base/result.h"
#include "registry/api/people.h"

namespace dmp::registry {

class TokenFile final : public api::People {
 public:
  // At most kFileBytesMax are read.
  static constexpr std::size_t kFileBytesMax = 4 << 20;

  // Reads the file; an Error names it and what is wrong.
  static Status check(const std::string& path);
  static Result<std::unique_ptr<TokenFile>> open(const std::string& path);

  [[nodiscard]] std::optional<api::Principal> find(std::string_view token) const override;
  void refresh() override;

 private:
  // What changes when the file does: inode, size, time of the last write.
  using Mark = std::tuple<std::uint64_t, std::int64_t, std::int64_t, std::int64_t>;

  explicit TokenFile(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] Mark mark() const;
  [[nodiscard]] Result<api::TokenSet> load() const;

  const std::string path_;
  std::mutex refresh_mutex_;
  Mark mark_;  // protected by refresh_mutex_

  mutable std::mutex mutex_;
  std::shared_ptr<const api::TokenSet> tokens_;  // protected by mutex_
};

}  // namespace dmp::registry
