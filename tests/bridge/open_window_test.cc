// What operators are told of the window that a bridge finds at its start.
#include "bridge/open_window.h"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "bridge/adapters/mapped_window.h"
#include "bridge/core/window_image.h"
#include "tests/bridge/scratch_folder.h"

namespace dmp::bridge {
namespace {

class OpenWindow : public testing::Test {
 protected:
  // A bridge that was killed with these in its window.
  void leave(int messages) {
    const auto window = open();
    ASSERT_NE(window, nullptr);
    for (int i = 0; i < messages; ++i) {
      Message message;
      message.topic = "topic";
      message.payload = "payload";
      ASSERT_TRUE(window->append(bounded(message)));
    }
  }

  std::unique_ptr<Window> open() {
    Metrics nobodys;
    Instruments instruments(nobodys);
    return open(instruments);
  }
  std::unique_ptr<Window> open(Instruments& instruments) {
    auto window = open_window(options_, instruments);
    EXPECT_TRUE(window) << window.error().message;
    return window ? std::move(*window) : nullptr;
  }

  // The file as it is after the damage.
  void cut_to(std::uintmax_t bytes) { std::filesystem::resize_file(options_.window_file, bytes); }

  ScratchFolder folder_;
  Options options_ = [this] {
    Options options;
    options.name = "bridge-1";
    options.window_file = folder_.file("window");
    return options;
  }();
  Metrics metrics_;
  Instruments instruments_{metrics_};
};

TEST_F(OpenWindow, counts_nothing_of_a_new_file) {
  ASSERT_NE(open(instruments_), nullptr);
  EXPECT_EQ(instruments_.window_replayed.value(), 0);
  EXPECT_EQ(instruments_.window_set_aside.value(), 0);
  EXPECT_EQ(instruments_.window_lost.value(), 0);
}

TEST_F(OpenWindow, counts_what_a_killed_bridge_has_left_as_replayed) {
  leave(3);
  ASSERT_NE(open(instruments_), nullptr);
  EXPECT_EQ(instruments_.window_replayed.value(), 3);
  EXPECT_EQ(instruments_.window_set_aside.value(), 0);
}

TEST_F(OpenWindow, counts_a_damaged_file_as_set_aside_and_what_is_missing_as_lost) {
  leave(3);
  cut_to(kImageHeadBytes + 1);
  ASSERT_NE(open(instruments_), nullptr);
  EXPECT_EQ(instruments_.window_set_aside.value(), 1);
  EXPECT_EQ(instruments_.window_lost.value(), 3);
  EXPECT_EQ(instruments_.window_replayed.value(), 0);
}

TEST_F(OpenWindow, names_the_setting_of_a_file_that_cannot_be) {
  options_.window_file = folder_.file("no/such/folder");
  const auto window = open_window(options_, instruments_);
  ASSERT_FALSE(window);
  EXPECT_NE(window.error().message.find("setting window-file"), std::string::npos)
      << window.error().message;
}

}  // namespace
}  // namespace dmp::bridge
