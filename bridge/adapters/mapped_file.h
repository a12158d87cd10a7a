// MappedFile: a file with room on the disk for all its bytes, in memory. FileLock: one process.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"

namespace dmp::bridge {

class FileLock {
 public:
  // Fails at once if another process holds it, and says which. The kernel frees it when the
  // process ends, however it ends.
  static Result<FileLock> acquire(const std::string& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}

  int fd_;
};

class MappedFile {
 public:
  static Result<MappedFile> open(const std::string& path);
  // Of zeros; whatever the path named before is gone.
  static Result<MappedFile> create(const std::string& path, std::size_t bytes);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<std::byte> bytes() const { return bytes_; }
  // Back when the disk has it.
  [[nodiscard]] Status sync() const;

 private:
  explicit MappedFile(std::span<std::byte> bytes) : bytes_(bytes) {}

  std::span<std::byte> bytes_;
};

}  // namespace dmp::bridge
