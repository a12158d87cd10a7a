#include "bridge/adapters/mapped_window.h"

#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bridge/core/window_record.h"
#include "tests/bridge/scratch_folder.h"

namespace dmp::bridge {
namespace {

constexpr std::size_t kRing = 96 * 1024;
constexpr std::size_t kMessages = 50;

using Payloads = std::vector<std::string>;

bool append(Window& window, const std::string& payload) {
  Message message;
  message.topic = "topic";
  message.payload = payload;
  return window.append(bounded(message));
}

Payloads take_all(Window& window) {
  Payloads payloads;
  while (const auto message = window.take()) payloads.emplace_back(message->payload);
  return payloads;
}

std::string content_of(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

class MappedWindowTest : public testing::Test {
 protected:
  [[nodiscard]] WindowFile file(const std::string& name = "window") const {
    return {.path = folder_.file(name),
            .bridge = "bridge-1",
            .bytes_max = kRing,
            .messages_max = kMessages};
  }

  static std::unique_ptr<MappedWindow> open(const WindowFile& file) {
    auto window = MappedWindow::open(file);
    EXPECT_TRUE(window) << window.error().message;
    return window ? std::move(*window) : nullptr;
  }

  // What the next start would find if the process were killed now.
  [[nodiscard]] WindowFile killed_copy_of(const WindowFile& file) const {
    WindowFile copy = file;
    copy.path += ".copy";
    std::filesystem::copy_file(file.path, copy.path,
                               std::filesystem::copy_options::overwrite_existing);
    return copy;
  }

  [[nodiscard]] bool exists(const std::string& name) const {
    return std::filesystem::exists(folder_.file(name));
  }

  ScratchFolder folder_;
};

TEST_F(MappedWindowTest, holds_after_a_restart_what_was_not_freed_in_order) {
  {
    const auto window = open(file());
    for (const char* each : {"a", "b", "c", "d"}) ASSERT_TRUE(append(*window, each));
    take_all(*window);
    window->free(2);
  }
  const auto window = open(file());
  EXPECT_EQ(window->history().replayed, 2U);
  EXPECT_EQ(window->history().fault, "");
  EXPECT_EQ(window->level().messages, 2U);
  ASSERT_TRUE(append(*window, "e"));
  EXPECT_EQ(take_all(*window), (Payloads{"c", "d", "e"}));
  EXPECT_EQ(window->at(0).payload, "c");
  window->free(3);
  EXPECT_EQ(window->level().bytes, 0U);
}

TEST_F(MappedWindowTest, has_its_room_on_the_disk_from_the_start) {
  const auto window = open(file());
  struct stat about {};
  ASSERT_EQ(stat(file().path.c_str(), &about), 0);
  EXPECT_EQ(about.st_size, static_cast<off_t>(kImageHeadBytes + kRing));
  constexpr blkcnt_t kBlock = 512;  // POSIX, sys/stat.h
  EXPECT_GE(about.st_blocks * kBlock, about.st_size) << "a hole is no room";
}

TEST_F(MappedWindowTest, takes_back_more_messages_than_it_may_hold_now) {
  {
    const auto window = open(file());
    for (std::size_t i = 0; i < kMessages; ++i) ASSERT_TRUE(append(*window, "x"));
  }
  WindowFile fewer = file();
  fewer.messages_max = 10;
  const auto window = open(fewer);
  EXPECT_FALSE(append(*window, "y"));
  EXPECT_EQ(take_all(*window).size(), kMessages);
  window->free(kMessages);
  EXPECT_TRUE(append(*window, "y"));
}

TEST_F(MappedWindowTest, may_be_full_wherever_in_its_ring_it_stood_empty) {
  const std::string payload(10'000, 'x');
  Payloads kept;
  {
    const auto window = open(file());
    ASSERT_TRUE(append(*window, payload));
    take_all(*window);
    window->free(1);
    while (append(*window, payload)) kept.push_back(payload);
  }
  const auto window = open(file());
  EXPECT_EQ(window->history().fault, "");
  EXPECT_LE(window->level().bytes, kRing);
  EXPECT_EQ(take_all(*window), kept);
  window->free(1);
  EXPECT_TRUE(append(*window, payload));
}

// However messages come and go, a kill between any two steps loses none that was not freed.
TEST_F(MappedWindowTest, replays_exactly_what_was_not_freed_whenever_it_is_killed) {
  EXPECT_TRUE(rc::check([this](std::uint32_t seed) {
    std::mt19937 random(seed);
    const WindowFile here = file("random-" + std::to_string(seed));
    auto window = open(here);
    std::deque<std::string> model;  // not yet freed
    std::size_t taken = 0;
    for (int step = 0; step < 40; ++step) {
      const std::size_t size = random() % 9000;
      switch (random() % 8) {
        case 0:
        case 1:
        case 2: {
          const std::string payload = std::to_string(random()) + std::string(size, 'x');
          if (append(*window, payload)) model.push_back(payload);
          break;
        }
        case 3:
        case 4:
          if (const auto message = window->take()) RC_ASSERT(message->payload == model[taken++]);
          break;
        case 5:
          if (taken == 0) break;
          {
            const std::size_t count = 1 + size % taken;
            window->free(count);
            taken -= count;
            model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(count));
          }
          break;
        case 6: {  // killed: somebody else looks at what it left
          const auto copy = open(killed_copy_of(here));
          RC_ASSERT(copy->history().fault.empty());
          RC_ASSERT(take_all(*copy) == Payloads(model.begin(), model.end()));
          break;
        }
        default:  // killed, and goes on itself
          window.reset();
          window = open(here);
          RC_ASSERT(window->history().fault.empty());
          RC_ASSERT(window->level().messages == model.size());
          taken = 0;
      }
    }
    window.reset();
    std::filesystem::remove(here.path);
  }));
}

TEST_F(MappedWindowTest, is_for_one_process_at_a_time_and_says_which_has_it) {
  const auto window = open(file());
  const auto second = MappedWindow::open(file());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "file_held");
  EXPECT_NE(second.error().message.find("is held by process " + std::to_string(getpid())),
            std::string::npos)
      << second.error().message;
}

TEST_F(MappedWindowTest, is_free_again_when_the_process_that_had_it_was_killed) {
  int opened[2];
  ASSERT_EQ(pipe(opened), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto window = MappedWindow::open(file());
    const bool kept = window && append(**window, "a");
    if (write(opened[1], kept ? "y" : "n", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char kept = 0;
  ASSERT_EQ(read(opened[0], &kept, 1), 1);
  EXPECT_EQ(kept, 'y');
  const auto held = MappedWindow::open(file());
  ASSERT_FALSE(held);
  EXPECT_NE(held.error().message.find(std::to_string(child)), std::string::npos);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(opened[0]);
  close(opened[1]);
  EXPECT_EQ(take_all(*open(file())), (Payloads{"a"}));
}

TEST_F(MappedWindowTest, sets_a_file_aside_that_is_not_its_own_and_starts_empty) {
  { ASSERT_TRUE(append(*open(file()), "a")); }
  const std::string before = content_of(file().path);
  WindowFile other = file();
  other.bridge = "bridge-2";
  const auto window = open(other);
  EXPECT_EQ(window->history().fault, "it belongs to bridge 'bridge-1'");
  EXPECT_EQ(window->history().kept_as, folder_.file("window.set-aside-1"));
  EXPECT_EQ(content_of(window->history().kept_as), before);
  EXPECT_TRUE(take_all(*window).empty());
}

TEST_F(MappedWindowTest, sets_an_empty_file_aside_and_starts) {
  { std::ofstream touch(file().path); }
  const auto window = open(file());
  EXPECT_EQ(window->history().fault, "it is too short for a window");
  EXPECT_TRUE(append(*window, "a"));
}

TEST_F(MappedWindowTest, of_another_size_goes_on_with_every_message) {
  { ASSERT_TRUE(append(*open(file()), "a")); }
  for (const std::size_t bytes : {2 * kRing, kRing - 8192}) {
    WindowFile resized = file();
    resized.bytes_max = bytes;
    const auto window = open(resized);
    EXPECT_EQ(window->history().fault, "");
    EXPECT_EQ(window->history().replayed, 1U);
    EXPECT_EQ(take_all(*window), (Payloads{"a"}));
    EXPECT_EQ(std::filesystem::file_size(resized.path), kImageHeadBytes + bytes);
  }
  EXPECT_FALSE(exists("window.set-aside-1"));
}

TEST_F(MappedWindowTest, made_smaller_than_what_it_holds_keeps_the_oldest_and_the_file) {
  const std::string large(30'000, 'x');
  {
    const auto window = open(file());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*window, large));
  }
  WindowFile smaller = file();
  smaller.bytes_max = 80'000;
  const auto window = open(smaller);
  EXPECT_EQ(window->history().fault, "it is smaller than what it held");
  EXPECT_EQ(window->history().replayed, 2U);
  EXPECT_EQ(window->history().lost, 1U);
  EXPECT_TRUE(exists("window.set-aside-1"));
}

TEST_F(MappedWindowTest, replays_a_damaged_file_up_to_the_damage_and_keeps_it) {
  {
    const auto window = open(file());
    for (const char* each : {"first", "second", "third"}) ASSERT_TRUE(append(*window, each));
  }
  std::string content = content_of(file().path);
  content[content.find("second")] ^= 1;
  std::ofstream(file().path, std::ios::binary) << content;
  {
    const auto window = open(file());
    EXPECT_EQ(window->history().fault, "a record is damaged");
    EXPECT_EQ(window->history().replayed, 1U);
    EXPECT_EQ(window->history().lost, 2U);
    EXPECT_EQ(content_of(window->history().kept_as), content);
    ASSERT_TRUE(append(*window, "new"));
  }
  const auto window = open(file());
  EXPECT_EQ(window->history().fault, "") << "reported once";
  EXPECT_EQ(take_all(*window), (Payloads{"first", "new"}));
}

TEST_F(MappedWindowTest, cut_at_any_byte_of_its_last_record_replays_what_is_before) {
  {
    const auto window = open(file());
    for (const char* each : {"a", "b", "the last one"}) ASSERT_TRUE(append(*window, each));
  }
  const std::string content = content_of(file().path);
  const std::size_t payload = content.find("the last one");
  const std::size_t start = payload - kRecordHeadBytes - std::string("topic").size();
  const std::size_t end = payload + std::string("the last one").size();
  for (std::size_t size = start; size <= end + 8; ++size) {
    std::ofstream(file().path, std::ios::binary | std::ios::trunc) << content.substr(0, size);
    {
      const auto window = open(file());
      ASSERT_TRUE(window);
      const std::size_t whole = take_all(*window).size();
      EXPECT_EQ(whole, size < end ? 2U : whole) << size;
      EXPECT_EQ(window->history().lost, 3 - whole);
      EXPECT_FALSE(window->history().fault.empty()) << size;
      std::filesystem::remove(window->history().kept_as);
    }
  }
}

TEST_F(MappedWindowTest, asks_for_a_person_when_too_many_damaged_files_were_set_aside) {
  for (int i = 0; i < MappedWindow::kSetAsideMax; ++i) {
    std::ofstream(file().path) << i;
    ASSERT_TRUE(open(file()));
  }
  std::ofstream(file().path) << "one more";
  const auto window = MappedWindow::open(file());
  ASSERT_FALSE(window);
  EXPECT_NE(window.error().message.find("look at them"), std::string::npos);
  EXPECT_EQ(content_of(file().path), "one more");
}

TEST_F(MappedWindowTest, killed_while_it_sets_a_file_aside_uses_up_one_name_only) {
  for (int i = 0; i <= MappedWindow::kSetAsideMax; ++i) {
    std::ofstream(file().path) << "not a window";
    // So far such a start came: the file has its second name, and no successor yet.
    std::filesystem::remove(folder_.file("window.set-aside-1"));
    std::filesystem::create_hard_link(file().path, folder_.file("window.set-aside-1"));
    const auto window = open(file());
    EXPECT_EQ(window->history().kept_as, folder_.file("window.set-aside-1"));
  }
  EXPECT_EQ(content_of(folder_.file("window.set-aside-1")), "not a window");
}

TEST_F(MappedWindowTest, names_the_file_that_cannot_be_made) {
  const auto window = MappedWindow::open(file("no/such/folder/window"));
  ASSERT_FALSE(window);
  EXPECT_NE(window.error().message.find("no/such/folder/window"), std::string::npos);
  std::filesystem::create_directory(file().path);
  EXPECT_FALSE(MappedWindow::open(file()));
}

}  // namespace
}  // namespace dmp::bridge
