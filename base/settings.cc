#include "base/settings.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include <unistd.h>

#include "base/check.h"
#include "base/settings_input.h"

namespace dmp {
namespace {

struct Target {
  std::function<Status(const std::string&)> set;  // from text
  std::function<std::string()> show;              // as text
};

struct Entry {
  std::string name;
  Target target;
  std::string origin = "default";
  std::string flag_text;
  CLI::Option* flag = nullptr;
};

std::string join_commas(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

Result<std::int64_t> parse_integer(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) {
    return fail("bad_setting", text.empty() ? "is empty" : text + " is not a whole number");
  }
  return value;
}

std::vector<std::string> environment() {
  std::vector<std::string> variables;
  for (char** each = environ; *each != nullptr; ++each) variables.emplace_back(*each);
  return variables;
}

}  // namespace

struct Settings::Table {
  std::string program;
  CLI::App app;
  std::vector<std::unique_ptr<Entry>> entries;  // the App keeps pointers into them
  std::vector<std::function<Status()>> checks;
  std::string command;
  std::string* command_target = nullptr;
  std::string config_file;
  bool print_config = false;
  bool check_config = false;

  Entry& make_entry(const std::string& name, Target target) {
    entries.push_back(std::make_unique<Entry>());
    Entry& entry = *entries.back();
    entry.name = name;
    entry.target = std::move(target);
    return entry;
  }

  void add(const std::string& name, const std::string& help, Target target) {
    Entry& entry = make_entry(name, std::move(target));
    const std::string text = help + " [" + entry.target.show() + "]";
    entry.flag = app.add_option("--" + name, entry.flag_text, text);
  }

  // `--name` alone says true, `--name=false` the contrary.
  void add_switch(const std::string& name, const std::string& help, Target target) {
    Entry& entry = make_entry(name, std::move(target));
    const std::string text = help + " [" + entry.target.show() + "]";
    entry.flag = app.add_flag("--" + name, entry.flag_text, text);
  }

  Status apply(Entry& entry, const std::string& text, const std::string& origin) {
    if (auto status = entry.target.set(text); !status) {
      return tl::unexpected(status.error().within("setting " + entry.name + " (" + origin + ")"));
    }
    entry.origin = origin;
    return {};
  }

  Status apply_file();
  Status apply_environment();
  Status apply_flags();
  void warn_of_stray_variables() const;
  [[nodiscard]] std::vector<std::string> names() const;
  void print() const;
};

Status Settings::Table::apply_file() {
  if (config_file.empty()) return {};
  std::ifstream file(config_file);
  if (!file) {
    return fail("bad_setting",
                "--config " + config_file + ": cannot be read; name a readable file");
  }
  std::stringstream text;
  text << file.rdbuf();
  if (auto status = check_file_text(text.str(), names()); !status) {
    return tl::unexpected(status.error().within(config_file));
  }
  std::vector<CLI::ConfigItem> items;
  try {
    items = CLI::ConfigTOML().from_config(text);
  } catch (const CLI::Error& error) {
    return fail("bad_setting", config_file + ": " + error.what());
  }
  for (const CLI::ConfigItem& item : items) {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const auto& entry) { return entry->name == item.name; });
    if (found == entries.end() || !item.parents.empty()) {
      return fail("bad_setting", config_file + ": unknown setting '" + item.fullname() +
                                     "'; --help lists the known ones");
    }
    if (auto status = apply(**found, join_commas(item.inputs), "file " + config_file); !status) {
      return status;
    }
  }
  return {};
}

Status Settings::Table::apply_environment() {
  for (auto& entry : entries) {
    const std::string variable = environment_name(program, entry->name);
    const char* text = std::getenv(variable.c_str());
    if (text == nullptr) continue;
    if (auto status = apply(*entry, text, "environment " + variable); !status) return status;
  }
  return {};
}

Status Settings::Table::apply_flags() {
  for (auto& entry : entries) {
    if (entry->flag->count() == 0) continue;
    if (auto status = apply(*entry, entry->flag_text, "flag"); !status) return status;
  }
  return {};
}

std::vector<std::string> Settings::Table::names() const {
  std::vector<std::string> names;
  for (const auto& entry : entries) names.push_back(entry->name);
  return names;
}

// Not errors: platforms of containers invent variables of this form.
void Settings::Table::warn_of_stray_variables() const {
  for (const std::string& warning : stray_variables(program, names(), environment())) {
    std::fprintf(stderr, "%s: warning: %s\n", program.c_str(), warning.c_str());
  }
}

void Settings::Table::print() const {
  for (const auto& entry : entries) {
    std::printf("%s = \"%s\"  # %s\n", entry->name.c_str(), entry->target.show().c_str(),
                entry->origin.c_str());
  }
}

Settings::Settings(std::string program, std::string about) : table_(std::make_unique<Table>()) {
  table_->program = std::move(program);
  table_->app.name(table_->program);
  table_->app.description(std::move(about));
  table_->app.set_version_flag("--version", DMP_VERSION);
  table_->app.footer("Every setting can also be given as environment variable " +
                     environment_name(table_->program, "NAME") +
                     " or as `name = \"value\"` in the --config file; a flag wins over both.");
  table_->app.add_option("--config", table_->config_file, "file of settings");
  table_->app.add_flag("--print-config", table_->print_config,
                       "print every setting with its value and where it came from, and leave");
  table_->app.add_flag("--check-config", table_->check_config,
                       "say whether the settings are usable, and leave");
}

Settings::~Settings() = default;

void Settings::add(const std::string& name, std::string& target, const std::string& help) {
  table_->add(name, help,
              {.set = [&target](const std::string& text) -> Status {
                 target = text;
                 return {};
               },
               .show = [&target] { return target; }});
}

void Settings::add(const std::string& name, bool& target, const std::string& help) {
  table_->add_switch(name, help,
                     {.set = [&target](const std::string& text) -> Status {
                        if (text != "true" && text != "false") {
                          return fail("bad_setting",
                                      (text.empty() ? "it is empty" : text + " is neither") +
                                          "; give true or false");
                        }
                        target = text == "true";
                        return {};
                      },
                      .show = [&target] { return std::string(target ? "true" : "false"); }});
}

void Settings::add(const std::string& name, std::int64_t& target, const std::string& help,
                   std::int64_t least, std::int64_t most) {
  table_->add(name, help,
              {.set = [&target, least, most](const std::string& text) -> Status {
                 const auto value = parse_integer(text);
                 if (value && *value >= least && *value <= most) {
                   target = *value;
                   return {};
                 }
                 return fail("bad_setting",
                             (value ? text + " is out of range" : value.error().message) +
                                 "; give a whole number between " + std::to_string(least) +
                                 " and " + std::to_string(most));
               },
               .show = [&target] { return std::to_string(target); }});
}

void Settings::add(const std::string& name, std::chrono::milliseconds& target,
                   const std::string& help, std::chrono::milliseconds least,
                   std::chrono::milliseconds most) {
  table_->add(name, help,
              {.set = [&target, least, most](const std::string& text) -> Status {
                 const auto value = parse_duration(text);
                 if (!value) return tl::unexpected(value.error());
                 if (*value < least || *value > most) {
                   return fail("bad_setting", text + " is out of range; give a duration between " +
                                                  format_duration(least) + " and " +
                                                  format_duration(most));
                 }
                 target = *value;
                 return {};
               },
               .show = [&target] { return format_duration(target); }});
}

void Settings::add(const std::string& name, std::vector<std::string>& target,
                   const std::string& help) {
  table_->add(name, help,
              {.set = [&target](const std::string& text) -> Status {
                 target = split_commas(text);
                 return {};
               },
               .show = [&target] { return join_commas(target); }});
}

void Settings::commands(std::string& target,
                        const std::vector<std::pair<std::string, std::string>>& words) {
  std::vector<std::string> names;
  std::string help;
  for (const auto& [word, meaning] : words) {
    names.push_back(word);
    if (!help.empty()) help += "; ";
    help.append(word).append(": ").append(meaning);
  }
  table_->command_target = &target;
  table_->app.add_option("command", table_->command, help)->required()->check(CLI::IsMember(names));
}

void Settings::check(std::function<Status()> check) { table_->checks.push_back(std::move(check)); }

Result<Settings::Action> Settings::parse(int argc, const char* const* argv) {
  Table& table = *table_;
  if (auto status = check_flags(argc, argv); !status) {
    return tl::unexpected(status.error());
  }
  try {
    table.app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    table.app.exit(success);
    return Action::kDone;
  } catch (const CLI::Error& error) {
    return fail("usage", std::string(error.what()) + "; see " + table.program + " --help");
  }
  if (auto status = table.apply_file(); !status) return tl::unexpected(status.error());
  table.warn_of_stray_variables();
  if (auto status = table.apply_environment(); !status) return tl::unexpected(status.error());
  if (auto status = table.apply_flags(); !status) return tl::unexpected(status.error());
  if (table.command_target != nullptr) *table.command_target = table.command;
  if (table.print_config) {
    table.print();
    return Action::kDone;
  }
  for (const auto& check : table.checks) {
    if (auto status = check(); !status) return tl::unexpected(status.error());
  }
  if (!table.check_config) return Action::kRun;
  std::printf("the settings are usable\n");
  return Action::kDone;
}

std::vector<std::string> split_commas(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const auto begin = std::min(text.find_first_not_of(' ', at), comma);
    auto end = comma;
    while (end > begin && text[end - 1] == ' ') --end;
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    at = comma + 1;
  }
  return parts;
}

std::string environment_name(const std::string& program, const std::string& setting) {
  std::string name = program + "_" + setting;
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

std::optional<int> exit_status(const Result<Settings::Action>& parsed, const std::string& program) {
  constexpr int kUsage = 2;
  if (!parsed) {
    std::fprintf(stderr, "%s: %s\n", program.c_str(), parsed.error().message.c_str());
    return kUsage;
  }
  if (*parsed == Settings::Action::kDone) return 0;
  return std::nullopt;
}

}  // namespace dmp
