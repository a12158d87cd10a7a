// Log: one logfmt line per event on stderr.
//
//   log_info("bridge_connected", {{"broker", uri}, {"session_present", true}});
//
// Event names are stable and snake_case; people and alerts search for them. Values are quoted when
// they need to be and cut at 512 bytes. Never log a secret. Thread-safe.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace dmp {

struct LogField {
  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const char* text) : key(name), value(text) {}
  LogField(std::string_view name, const std::string& text) : key(name), value(text) {}
  LogField(std::string_view name, bool flag) : key(name), value(flag ? "true" : "false") {}
  template <class Number>
  requires((std::integral<Number> || std::floating_point<Number>)&&!std::same_as<Number, bool>)
      LogField(std::string_view name, Number number)
      : key(name), value(std::to_string(number)) {}

  std::string_view key;
  std::string value;
};

using LogFields = std::initializer_list<LogField>;

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Lines below `level` are dropped. Call once, before other threads start.
void log_start(std::string_view program, LogLevel level = LogLevel::kInfo);

void log_line(LogLevel level, std::string_view event, LogFields fields);

inline void log_debug(std::string_view event, LogFields fields = {}) {
  log_line(LogLevel::kDebug, event, fields);
}
inline void log_info(std::string_view event, LogFields fields = {}) {
  log_line(LogLevel::kInfo, event, fields);
}
inline void log_warning(std::string_view event, LogFields fields = {}) {
  log_line(LogLevel::kWarning, event, fields);
}
inline void log_error(std::string_view event, LogFields fields = {}) {
  log_line(LogLevel::kError, event, fields);
}

// One logfmt line without time and level, as log_line writes it. Pure.
std::string logfmt(std::string_view event, LogFields fields);

}  // namespace dmp
