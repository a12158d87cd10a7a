#include "bridge/open_window.h"

#include <utility>

#include "base/log.h"
#include "bridge/adapters/mapped_window.h"
#include "bridge/adapters/memory_window.h"

namespace dmp::bridge {
namespace {

void tell(const std::string& path, const WindowHistory& history, Instruments& instruments) {
  instruments.window_replayed.add(static_cast<double>(history.replayed));
  instruments.window_lost.add(static_cast<double>(history.lost));
  if (!history.fault.empty()) {
    instruments.window_set_aside.add();
    log_error("window_set_aside", {{"file", path},
                                   {"reason", history.fault},
                                   {"kept_as", history.kept_as},
                                   {"replayed", history.replayed},
                                   {"lost", history.lost}});
  } else if (history.replayed > 0) {
    log_warning("window_replayed", {{"file", path}, {"messages", history.replayed}});
  }
}

}  // namespace

Result<std::unique_ptr<Window>> open_window(const Options& options, Instruments& instruments) {
  const auto bytes = static_cast<std::size_t>(options.window_bytes);
  const auto messages = static_cast<std::size_t>(options.window_messages);
  if (options.window_file == kMemory) {
    log_warning("window_in_memory", {{"meaning", "a kill loses what was acknowledged"}});
    return std::make_unique<MemoryWindow>(bytes, messages);
  }
  auto window = MappedWindow::open({.path = options.window_file,
                                    .bridge = options.name,
                                    .bytes_max = bytes,
                                    .messages_max = messages});
  if (!window) return tl::unexpected(window.error().within("setting window-file"));
  tell(options.window_file, (*window)->history(), instruments);
  return std::move(*window);
}

}  // namespace dmp::bridge
