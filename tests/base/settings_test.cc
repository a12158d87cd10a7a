#include "base/settings.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/settings_input.h"

namespace dmp {
namespace {

using std::chrono::milliseconds;

struct Options {
  std::string brokers = "localhost:9092";
  std::int64_t lanes = 2;
  milliseconds interval{30000};
  bool verbose = false;
  std::vector<std::string> roles = {"ingest", "api"};
};

// The settings of a program "dmp-t" over `options`, given `arguments`.
Result<Settings::Action> parse(Options& options, std::vector<const char*> arguments) {
  Settings settings("dmp-t", "A program.");
  settings.add("brokers", options.brokers, "host:port list");
  settings.add("lanes", options.lanes, "lanes", 1, 16);
  settings.add("interval", options.interval, "pause", milliseconds(1), milliseconds(60000));
  settings.add("verbose", options.verbose, "say more");
  settings.add("roles", options.roles, "what to do");
  settings.check([&]() -> Status {
    if (options.roles.empty()) return fail("bad_setting", "setting roles: name at least one role");
    return {};
  });
  arguments.insert(arguments.begin(), "dmp-t");
  return settings.parse(static_cast<int>(arguments.size()), arguments.data());
}

class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text) {
    const int fd = mkstemp(path_.data());
    EXPECT_GE(fd, 0);
    close(fd);
    std::ofstream(path_) << text;
  }
  ~ConfigFile() { unlink(path_.c_str()); }
  [[nodiscard]] const char* path() const { return path_.c_str(); }

 private:
  std::string path_ = "/tmp/dmp_settings_test_XXXXXX";
};

TEST(Settings, flag_wins_over_environment_over_file_over_default) {
  const ConfigFile file("brokers = \"file:1\"\nlanes = 3\ninterval = \"3s\"\n");
  setenv("DMP_T_BROKERS", "environment:1", 1);
  setenv("DMP_T_LANES", "4", 1);
  Options options;
  const auto parsed = parse(options, {"--config", file.path(), "--brokers", "flag:1"});
  unsetenv("DMP_T_BROKERS");
  unsetenv("DMP_T_LANES");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, Settings::Action::kRun);
  EXPECT_EQ(options.brokers, "flag:1");
  EXPECT_EQ(options.lanes, 4);
  EXPECT_EQ(options.interval, milliseconds(3000));
  EXPECT_FALSE(options.verbose);
}

TEST(Settings, lists_are_separated_by_commas) {
  Options options;
  ASSERT_TRUE(parse(options, {"--roles", "a,b,,c"}));
  EXPECT_EQ(options.roles, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(Settings, blanks_around_the_commas_of_a_list_are_not_part_of_it) {
  Options options;
  ASSERT_TRUE(parse(options, {"--roles", " a, b ,c d"}));
  EXPECT_EQ(options.roles, (std::vector<std::string>{"a", "b", "c d"}));
}

TEST(Settings, a_flag_without_its_value_is_refused_and_takes_no_other_argument) {
  for (const char* flag : {"--brokers=", "--lanes=", "--verbose=", "--config=", "--no-such="}) {
    Options options;
    const auto parsed = parse(options, {flag, "--check-config"});
    ASSERT_FALSE(parsed) << flag;
    EXPECT_EQ(parsed.error().code, "usage");
    EXPECT_NE(parsed.error().message.find(flag), std::string::npos) << parsed.error().message;
    EXPECT_NE(parsed.error().message.find("=VALUE"), std::string::npos) << parsed.error().message;
  }
  Options options;
  ASSERT_TRUE(parse(options, {"--brokers=a=", "--check-config"})) << "a value may end with it";
}

TEST(Settings, a_file_that_says_a_thing_twice_or_leaves_a_section_open_is_refused) {
  struct Case {
    const char* text;
    std::vector<std::string> mentions;
  };
  const std::vector<Case> cases = {
      {"lanes = 3\nbrokers = \"a:1\"\n lanes=4\n", {"line 3", "lanes", "keep one"}},
      {"lanes = 3\nlanes = 4\n", {"line 2", "lanes"}},
      {"[section\nlanes = 3\n", {"line 1", "'[section'", "not closed"}},
      {"[section]\nlanes = 3\n", {"unknown setting", "section."}},
  };
  for (const Case& c : cases) {
    const ConfigFile file(c.text);
    Options options;
    const auto parsed = parse(options, {"--config", file.path()});
    ASSERT_FALSE(parsed) << c.text;
    EXPECT_NE(parsed.error().message.find(file.path()), std::string::npos);
    for (const auto& part : c.mentions) {
      EXPECT_NE(parsed.error().message.find(part), std::string::npos) << parsed.error().message;
    }
  }
  const ConfigFile file("# lanes = 1\nlanes = 2\nroles = [\"a\", \"b\"]\n");
  Options options;
  const auto parsed = parse(options, {"--config", file.path()});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(options.roles, (std::vector<std::string>{"a", "b"}));
}

TEST(Settings, a_variable_that_is_none_of_them_is_warned_of_with_the_nearest) {
  const std::vector<std::string> names = {"lanes", "brokers", "kafka-group"};
  const std::vector<std::string> variables = {"DMP_T_LANE=3", "DMP_T_LANES=3", "DMP_T_PORT_80=tcp",
                                              "DMP_LANE=1", "PATH=/bin"};
  EXPECT_EQ(stray_variables("dmp-t", names, variables),
            (std::vector<std::string>{
                "environment DMP_T_LANE is no setting and is ignored; is DMP_T_LANES meant?",
                "environment DMP_T_PORT_80 is no setting and is ignored; --help lists the "
                "settings"}));
}

TEST(Settings, a_switch_needs_no_value) {
  Options options;
  ASSERT_TRUE(parse(options, {"--verbose", "--lanes", "3"}));
  EXPECT_TRUE(options.verbose);
  ASSERT_TRUE(parse(options, {"--verbose=false"}));
  EXPECT_FALSE(options.verbose);
  const ConfigFile file("verbose = true\n");
  ASSERT_TRUE(parse(options, {"--config", file.path()}));
  EXPECT_TRUE(options.verbose);
}

TEST(Settings, refuses_bad_values_with_name_value_and_way_out) {
  struct Case {
    std::vector<const char*> arguments;
    std::vector<std::string> mentions;
  };
  const std::vector<Case> cases = {
      {{"--lanes", "17"}, {"lanes", "17", "give a whole number between 1 and 16"}},
      {{"--lanes", "two"}, {"lanes", "two", "give a whole number between 1 and 16"}},
      {{"--interval", "5"}, {"interval", "'5'", "ms, s, m, h or d"}},
      {{"--verbose=yes"}, {"verbose", "yes", "true"}},
      {{"--interval", "70s"}, {"interval", "70s", "between 1ms and 1m"}},
      {{"--no-such"}, {"--no-such", "--help"}},
      {{"--config", "/nonexistent/x"}, {"/nonexistent/x"}},
      {{"--roles", ","}, {"roles", "at least one"}},
  };
  for (const Case& c : cases) {
    Options options;
    const auto parsed = parse(options, c.arguments);
    ASSERT_FALSE(parsed) << c.arguments.front();
    for (const auto& part : c.mentions) {
      EXPECT_NE(parsed.error().message.find(part), std::string::npos) << parsed.error().message;
    }
  }
}

TEST(Settings, refuses_an_unknown_key_of_the_file) {
  const ConfigFile file("broker = \"typo:1\"\n");
  Options options;
  const auto parsed = parse(options, {"--config", file.path()});
  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().message.find("'broker'"), std::string::npos) << parsed.error().message;
}

TEST(Settings, check_and_print_do_not_run) {
  Options options;
  EXPECT_EQ(*parse(options, {"--check-config"}), Settings::Action::kDone);
  EXPECT_EQ(*parse(options, {"--print-config"}), Settings::Action::kDone);
  EXPECT_EQ(*parse(options, {"--help"}), Settings::Action::kDone);
}

TEST(Duration, round_trips_through_the_shortest_text) {
  for (const char* text : {"0ms", "250ms", "30s", "15m", "23h", "14d", "1500ms"}) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration) << text;
    EXPECT_EQ(format_duration(*duration), text);
  }
  for (const char* bad : {"", "5", "s", "-1s", "1 s", "1w", "999999999999999d"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

}  // namespace
}  // namespace dmp
