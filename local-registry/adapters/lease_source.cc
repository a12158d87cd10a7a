#include "local-registry/adapters/lease_source.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <sys/inotify.h>

namespace dmp::local {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;

}  // namespace

Result<std::unique_ptr<LeaseSource>> LeaseSource::open(const std::string& path) {
  const std::filesystem::path file(path);
  const std::string folder = file.has_parent_path() ? file.parent_path().string() : ".";
  FileHandle inotify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  constexpr std::uint32_t kChanges = IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO;
  if (!inotify || inotify_add_watch(inotify.get(), folder.c_str(), kChanges) < 0) {
    return fail("bad_setting", "setting lease-file: the folder of '" + path +
                                   "' cannot be watched: " + std::strerror(errno));
  }
  return std::unique_ptr<LeaseSource>(
      new LeaseSource(path, file.filename().string(), std::move(inotify)));
}

void LeaseSource::begin(const SightingSink& sink) {
  std::ifstream file(path_, std::ios::binary);
  if (!file) return;  // no DHCP server yet
  std::string content(kFileBytesMax, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(file.gcount()));
  for (LeaseSeen& seen : lines_.read(content)) sink(std::move(seen));
}

void LeaseSource::read(const SightingSink& sink) {
  bool is_ours = false;
  alignas(inotify_event) std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t got = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (got <= 0) break;
    for (const char* at = buffer.data(); at < buffer.data() + got;) {
      inotify_event event;
      std::memcpy(&event, at, sizeof event);
      const bool names_it = event.len > 0 && name_ == at + sizeof event;
      is_ours = is_ours || names_it || (event.mask & IN_Q_OVERFLOW) != 0;
      at += sizeof event + event.len;
    }
  }
  if (is_ours) begin(sink);
}

}  // namespace dmp::local
