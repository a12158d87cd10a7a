#include "bridge/options.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bridge/core/window_record.h"

namespace dmp::bridge {
namespace {

Result<Settings::Action> parse(Options& options, std::vector<const char*> flags) {
  Settings settings("dmp-bridge", "test");
  declare(settings, options);
  flags.insert(flags.begin(), "dmp-bridge");
  return settings.parse(static_cast<int>(flags.size()), flags.data());
}

TEST(Options, that_cannot_work_are_refused_by_name) {
  const struct {
    std::vector<const char*> flags;
    std::string names;
  } cases[] = {
      {{}, "name"},
      {{"--name", "a/b"}, "name"},
      {{"--name", "b"}, "window-file"},
      {{"--name", "b", "--window-file", "w", "--mqtt-uri", "mqtt://x:1"}, "mqtt-uri"},
      {{"--name", "b", "--window-file", "w"}, "mqtt-ca"},
      {{"--name", "b", "--mqtt-uri", "tcp://x:1", "--kafka-brokers", ""}, "kafka-brokers"},
      {{"--name", "b", "--window-bytes", "1000000"}, "window-bytes"},
  };
  for (const auto& each : cases) {
    Options options;
    const auto parsed = parse(options, each.flags);
    ASSERT_FALSE(parsed);
    EXPECT_NE(parsed.error().message.find("setting " + each.names), std::string::npos)
        << parsed.error().message;
  }
}

TEST(Options, leave_room_above_high_water_for_whatever_is_still_coming) {
  Options options;
  ASSERT_TRUE(parse(options,
                    {"--name", "b", "--window-file", "memory", "--mqtt-uri", "tcp://127.0.0.1:1"}));
  const WaterMarks marks = water_marks(options);
  EXPECT_GE(static_cast<std::size_t>(options.window_bytes) - marks.high_bytes,
            static_cast<std::size_t>(kHeadroomMessages) * kRecordBytesMax);
  EXPECT_GE(static_cast<std::size_t>(options.window_messages) - marks.high_messages,
            static_cast<std::size_t>(kHeadroomMessages));
}

}  // namespace
}  // namespace dmp::bridge
