#include "bridge/adapters/mapped_window.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "bridge/core/window_record.h"

namespace dmp::bridge {
namespace {

tl::unexpected<Error> failed(const std::string& path, int error) {
  return fail("file_failed", path + ": " + std::strerror(error), Retry::kYes);
}

// A name that is kept after the file itself gets a successor: that of an earlier start which was
// killed before it had one, or a new one.
Result<std::string> set_aside(const std::string& path) {
  for (int i = 1; i <= MappedWindow::kSetAsideMax; ++i) {
    std::string name = path + ".set-aside-" + std::to_string(i);
    if (link(path.c_str(), name.c_str()) == 0) return name;
    if (errno != EEXIST) return failed(name, errno);
    std::error_code ignored;
    if (std::filesystem::equivalent(path, name, ignored)) return name;
  }
  return fail("file_failed", path + ": " + std::to_string(MappedWindow::kSetAsideMax) +
                                 " damaged windows were set aside beside it; look at them");
}

// Makes `fresh` the file at `path`, for good.
Status put_in_place(const std::string& fresh, const std::string& path) {
  if (rename(fresh.c_str(), path.c_str()) != 0) return failed(path, errno);
  const std::string folder = std::filesystem::absolute(path).parent_path();
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failed(folder, errno);
  const int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  if (error != 0) return failed(folder, error);
  return {};
}

// Copies what can be read of the old image into the empty `image`, as far as there is room.
std::uint64_t carry_over(std::span<const std::byte> old, const Recovered& recovered,
                         std::span<std::byte> image) {
  const std::size_t count = recovered.records.size();
  if (count == 0) return 0;
  RingWindow window(image, {}, count);
  const std::byte* ring = old.data() + kImageHeadBytes;
  std::uint64_t carried = 0;
  while (carried < count && window.append(message_in(ring + recovered.records[carried]))) ++carried;
  return carried;
}

struct Opened {
  MappedFile file;
  WindowHistory history;
};

// A new file at the path, with what can be read of the old one.
Result<MappedFile> begin_anew(const WindowFile& wanted, std::span<const std::byte> old,
                              const Recovered& recovered, WindowHistory& history) {
  const std::string fresh = wanted.path + ".new";
  auto file = MappedFile::create(fresh, kImageHeadBytes + wanted.bytes_max);
  if (!file) return tl::unexpected(file.error());
  format_image(file->bytes(), wanted.bridge);
  const std::uint64_t carried = carry_over(old, recovered, file->bytes());
  history.lost = recovered.lost + recovered.records.size() - carried;
  history.fault = recovered.foreign.empty() ? recovered.damage : recovered.foreign;
  if (carried < recovered.records.size()) history.fault = "it is smaller than what it held";
  if (!history.fault.empty()) {
    auto kept_as = set_aside(wanted.path);
    if (!kept_as) return tl::unexpected(kept_as.error());
    history.kept_as = std::move(*kept_as);
  }
  if (auto status = file->sync(); !status) return tl::unexpected(status.error().within(fresh));
  if (auto status = put_in_place(fresh, wanted.path); !status) {
    return tl::unexpected(status.error());
  }
  return file;
}

Result<Opened> open_or_begin(const WindowFile& wanted) {
  if (access(wanted.path.c_str(), F_OK) != 0 && errno == ENOENT) {
    WindowHistory history;
    auto file = begin_anew(wanted, {}, {}, history);
    if (!file) return tl::unexpected(file.error());
    return Opened{std::move(*file), std::move(history)};
  }
  auto old = MappedFile::open(wanted.path);
  if (!old) return tl::unexpected(old.error());
  const Recovered recovered = recover(old->bytes(), wanted.bridge);
  const bool sound = recovered.foreign.empty() && recovered.damage.empty();
  if (sound && old->bytes().size() == kImageHeadBytes + wanted.bytes_max) {
    return Opened{std::move(*old), {}};
  }
  WindowHistory history;
  auto file = begin_anew(wanted, old->bytes(), recovered, history);
  if (!file) return tl::unexpected(file.error());
  return Opened{std::move(*file), std::move(history)};
}

}  // namespace

MappedWindow::MappedWindow(FileLock lock, MappedFile file, const Recovered& recovered,
                           std::size_t messages_max, WindowHistory history)
    : FileLock(std::move(lock)),
      MappedFile(std::move(file)),
      RingWindow(bytes(), recovered, messages_max),
      history_(std::move(history)) {}

Result<std::unique_ptr<MappedWindow>> MappedWindow::open(const WindowFile& file) {
  auto lock = FileLock::acquire(file.path + ".lock");
  if (!lock) return tl::unexpected(lock.error());
  auto opened = open_or_begin(file);
  if (!opened) return tl::unexpected(opened.error());
  const Recovered recovered = recover(opened->file.bytes(), file.bridge);
  opened->history.replayed = recovered.records.size();
  return std::unique_ptr<MappedWindow>(new MappedWindow(std::move(*lock), std::move(opened->file),
                                                        recovered, file.messages_max,
                                                        std::move(opened->history)));
}

}  // namespace dmp::bridge
