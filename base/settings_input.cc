#include "base/settings_input.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "base/settings.h"

namespace dmp {
namespace {

constexpr std::string_view kBlanks = " \t\r\"'";

std::string_view stripped(std::string_view text) {
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// How many letters must be changed, added or left out.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
      corner = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

// Empty: none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  constexpr std::size_t kFar = 3;
  std::string found;
  std::size_t least = kFar;
  for (const std::string& each : known) {
    const std::size_t away = distance(word, each);
    if (away >= least) continue;
    least = away;
    found = each;
  }
  return found;
}

}  // namespace

Status check_flags(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--") break;
    if (!argument.starts_with("--") || argument.find('=') != argument.size() - 1) continue;
    const std::string name(argument.substr(2, argument.size() - 3));
    return fail("usage", "setting " + name + " (flag): '" + std::string(argument) +
                             "' gives no value; write --" + name + "=VALUE, or leave it out");
  }
  return {};
}

Status check_file_text(const std::string& text, const std::vector<std::string>& settings) {
  std::set<std::string_view> given;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::string_view words = stripped(std::string_view(line).substr(0, line.find('#')));
    if (words.starts_with('[') && words.find(']') == std::string_view::npos) {
      return fail("bad_setting", "line " + std::to_string(number) + ": '" + std::string(words) +
                                     "' is a section that is not closed; leave it out, settings "
                                     "stand in no section");
    }
    const auto equals = words.find('=');
    if (equals == std::string_view::npos) continue;
    const auto known = std::ranges::find(settings, stripped(words.substr(0, equals)));
    if (known == settings.end() || given.insert(*known).second) continue;
    return fail("bad_setting", "line " + std::to_string(number) + ": setting " + *known +
                                   " is given a second time; keep one of them");
  }
  return {};
}

std::vector<std::string> stray_variables(const std::string& program,
                                         const std::vector<std::string>& settings,
                                         const std::vector<std::string>& variables) {
  const std::string prefix = environment_name(program, "");
  std::vector<std::string> known;
  for (const std::string& setting : settings) known.push_back(environment_name(program, setting));
  std::vector<std::string> warnings;
  for (const std::string& variable : variables) {
    const std::string name = variable.substr(0, variable.find('='));
    if (!name.starts_with(prefix) || std::ranges::find(known, name) != known.end()) continue;
    const std::string near = nearest(name, known);
    warnings.push_back("environment " + name + " is no setting and is ignored" +
                       (near.empty() ? "; --help lists the settings" : "; is " + near + " meant?"));
  }
  return warnings;
}

}  // namespace dmp
