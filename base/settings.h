// Settings: one table of a program's options drives flags, environment, file, --help and
// --print-config.
//
//   Settings settings("dmp-bridge", "Turns MQTT messages into Kafka records.");
//   settings.add("kafka-brokers", options.kafka_brokers, "host:port list");
//   auto action = settings.parse(argc, argv);
//
// Each value comes from, first that has it: flag `--kafka-brokers`, environment
// `DMP_BRIDGE_KAFKA_BROKERS`, file given by --config (`kafka-brokers = "host:port"`), default (what
// the target held when it was added). Unknown flags and unknown keys of the file are refused.
// Not thread-safe; targets must outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace dmp {

class Settings {
 public:
  Settings(std::string program, std::string about);
  ~Settings();
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;

  void add(const std::string& name, std::string& target, const std::string& help);
  // As a flag it needs no value: `--name` is true, `--name=false` is not.
  void add(const std::string& name, bool& target, const std::string& help);
  // The value must be within [least, most].
  void add(const std::string& name, std::int64_t& target, const std::string& help,
           std::int64_t least, std::int64_t most);
  // Given as a number with unit: 250ms, 30s, 15m, 24h, 14d.
  void add(const std::string& name, std::chrono::milliseconds& target, const std::string& help,
           std::chrono::milliseconds least, std::chrono::milliseconds most);
  // Separated by commas.
  void add(const std::string& name, std::vector<std::string>& target, const std::string& help);

  // The program needs one of these words as its first argument; `target` gets it.
  void commands(std::string& target, const std::vector<std::pair<std::string, std::string>>& words);

  // Called after the values are set; an error is a usage error that names the setting.
  void check(std::function<Status()> check);

  enum class Action { kRun, kDone };

  // kRun: values are set. kDone: --help, --version, --print-config or --check-config has printed
  // what was asked. An error is for stderr with exit status 2.
  Result<Action> parse(int argc, const char* const* argv);

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

// "1500ms", "30s", "15m", "24h", "14d".
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string format_duration(std::chrono::milliseconds duration);

// The parts between commas, without spaces around them; empty ones are left out.
std::vector<std::string> split_commas(const std::string& text);

// `DMP_BRIDGE_KAFKA_BROKERS` of program `dmp-bridge` and setting `kafka-brokers`.
std::string environment_name(const std::string& program, const std::string& setting);

// What every main does with its Settings: prints an error as one line on stderr. The exit status
// to leave with, or nothing if the program should run.
std::optional<int> exit_status(const Result<Settings::Action>& parsed, const std::string& program);

}  // namespace dmp
