#include "bridge/adapters/mapped_file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dmp::bridge {
namespace {

constexpr mode_t kOwnerOnly = 0600;

tl::unexpected<Error> file_failed(const std::string& path, int error) {
  return fail("file_failed", path + ": " + std::strerror(error), Retry::kYes);
}

std::string holder_of(int fd) {
  std::array<char, 32> text{};
  const ssize_t size = pread(fd, text.data(), text.size(), 0);
  return size > 0 ? "process " + std::string(text.data(), static_cast<std::size_t>(size))
                  : "another process";
}

// A store into a mapped file for which the disk has no room would end the process.
Result<std::span<std::byte>> map_reserved(int fd, std::size_t bytes) {
  if (bytes == 0) return std::span<std::byte>();
  if (const int error = posix_fallocate(fd, 0, static_cast<off_t>(bytes)); error != 0) {
    return fail("file_failed", std::strerror(error));
  }
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) return fail("file_failed", std::strerror(errno));
  return std::span(static_cast<std::byte*>(at), bytes);
}

}  // namespace

Result<FileLock> FileLock::acquire(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly);
  if (fd < 0) return file_failed(path, errno);
  FileLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return file_failed(path, errno);
    return fail("file_held", path + " is held by " + holder_of(fd), Retry::kYes);
  }
  const std::string self = std::to_string(getpid());
  if (ftruncate(fd, 0) != 0 || pwrite(fd, self.data(), self.size(), 0) < 0) {
    return file_failed(path, errno);
  }
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock::~FileLock() {
  if (fd_ >= 0) close(fd_);
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return file_failed(path, errno);
  struct stat about {};
  const bool known = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
  const auto bytes = known ? map_reserved(fd, static_cast<std::size_t>(about.st_size))
                           : fail("file_failed", "is no regular file");
  close(fd);  // the mapping stays
  if (!bytes) return tl::unexpected(bytes.error().within(path));
  return MappedFile(*bytes);
}

Result<MappedFile> MappedFile::create(const std::string& path, std::size_t bytes) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerOnly);
  if (fd < 0) return file_failed(path, errno);
  const auto mapped = map_reserved(fd, bytes);
  close(fd);
  if (!mapped) return tl::unexpected(mapped.error().within(path));
  return MappedFile(*mapped);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : bytes_(std::exchange(other.bytes_, std::span<std::byte>())) {}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

Status MappedFile::sync() const {
  if (bytes_.empty() || msync(bytes_.data(), bytes_.size(), MS_SYNC) == 0) return {};
  return fail("file_failed", std::string("cannot be synced: ") + std::strerror(errno));
}

}  // namespace dmp::bridge
