// The contract of every Window: in memory, and in a file.
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "bridge/adapters/mapped_window.h"
#include "bridge/adapters/memory_window.h"
#include "tests/bridge/scratch_folder.h"

namespace dmp::bridge {
namespace {

constexpr std::size_t kBytes = 256 * 1024;
constexpr std::size_t kMessages = 100;

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Window>(const std::string& path, std::size_t bytes,
                                        std::size_t messages)>
      make;
};

const Kind kKinds[] = {
    {"memory",
     [](const std::string&, std::size_t bytes, std::size_t messages) {
       return std::make_unique<MemoryWindow>(bytes, messages);
     }},
    {"mapped",
     [](const std::string& path, std::size_t bytes, std::size_t messages) {
       auto window = MappedWindow::open(
           {.path = path, .bridge = "bridge-1", .bytes_max = bytes, .messages_max = messages});
       return window ? std::move(*window) : nullptr;
     }},
};

class WindowContract : public testing::TestWithParam<Kind> {
 protected:
  // Each is empty.
  std::unique_ptr<Window> make_window(std::size_t bytes = kBytes,
                                      std::size_t messages = kMessages) {
    return GetParam().make(folder_.file("window-" + std::to_string(++made_)), bytes, messages);
  }

 private:
  ScratchFolder folder_;
  int made_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Window, WindowContract, testing::ValuesIn(kKinds),
                         [](const auto& kind) { return std::string(kind.param.name); });

Message message_of(std::string_view topic, std::string_view payload) {
  Message message;
  message.topic = topic;
  message.payload = payload;
  return bounded(message);
}

TEST_P(WindowContract, gives_back_every_part_of_a_message_from_memory_of_its_own) {
  const auto window = make_window();
  {
    std::string payload("pay\0load", 8);
    std::string topic = "topic";
    Message message = message_of(topic, payload);
    message.content_type = "type";
    message.response_topic = "response";
    message.correlation = "correlation";
    message.properties = "properties";
    message.properties_dropped = 2;
    message.received_at = 7;
    message.duplicate = true;
    ASSERT_TRUE(window->append(message));
    payload.assign(8, 'X');
    topic.assign(5, 'X');
  }
  const auto taken = window->take();
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->topic, "topic");
  EXPECT_EQ(taken->payload, std::string_view("pay\0load", 8));
  EXPECT_EQ(taken->content_type, "type");
  EXPECT_EQ(taken->response_topic, "response");
  EXPECT_EQ(taken->correlation, "correlation");
  EXPECT_EQ(taken->properties, "properties");
  EXPECT_EQ(taken->payload_bytes, 8U);
  EXPECT_EQ(taken->properties_dropped, 2U);
  EXPECT_EQ(taken->received_at, 7);
  EXPECT_TRUE(taken->duplicate);
  EXPECT_EQ(window->at(0).topic, "topic");
  EXPECT_FALSE(window->take());
}

TEST_P(WindowContract, refuses_and_counts_when_it_has_no_room_and_takes_again_after_a_free) {
  const auto window = make_window();
  const std::string large(MessageLimits::kPayloadBytes, 'x');
  std::size_t kept = 0;
  while (window->append(message_of("t", large))) ++kept;
  EXPECT_EQ(kept, 3U);
  EXPECT_EQ(window->level().refused, 1U);
  EXPECT_EQ(window->level().messages, kept);
  ASSERT_TRUE(window->take());
  window->free(1);
  EXPECT_TRUE(window->append(message_of("t", large)));
}

TEST_P(WindowContract, bounds_the_number_of_messages_however_small) {
  const auto window = make_window();
  for (std::size_t i = 0; i < kMessages; ++i) ASSERT_TRUE(window->append(message_of("t", "")));
  EXPECT_FALSE(window->append(message_of("t", "")));
}

TEST_P(WindowContract, is_empty_after_everything_is_freed) {
  const auto window = make_window();
  for (int round = 0; round < 1000; ++round) {
    ASSERT_TRUE(window->append(message_of("topic", std::string(1000, 'x'))));
    ASSERT_TRUE(window->take());
    window->free(1);
    EXPECT_EQ(window->level().messages, 0U);
    EXPECT_EQ(window->level().bytes, 0U);
  }
}

TEST_P(WindowContract, keeps_room_for_a_burst_wherever_it_stood_empty) {
  for (std::size_t before = 1; before < 60; ++before) {
    const auto window = make_window();
    for (std::size_t i = 0; i < before; ++i) {
      ASSERT_TRUE(window->append(message_of("t", std::string(997 * before % 5000, 'x'))));
      ASSERT_TRUE(window->take());
      window->free(1);
    }
    const std::string payload(2000, 'x');
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(window->append(message_of("t", payload))) << before << " " << i;
    }
  }
}

// Against a plain queue: same contents whatever the order of appends, takes and frees.
TEST_P(WindowContract, behaves_like_a_queue) {
  EXPECT_TRUE(rc::check([this](const std::vector<std::uint16_t>& steps) {
    const auto made = make_window(80 * 1024, 20);
    Window& window = *made;
    std::deque<std::string> model;  // not yet freed
    std::size_t taken = 0;
    std::uint64_t freed = 0;
    for (const std::uint16_t step : steps) {
      const std::size_t size = std::size_t{step} / 3U;
      if (step % 3 == 0) {
        const std::string payload(size, static_cast<char>('a' + step % 26));
        if (window.append(message_of("t", payload))) model.push_back(payload);
      } else if (step % 3 == 1) {
        const auto message = window.take();
        RC_ASSERT(message.has_value() == (taken < model.size()));
        if (message) RC_ASSERT(message->payload == model[taken++]);
      } else if (taken > 0) {
        const std::size_t count = 1 + size % taken;
        for (std::size_t i = 0; i < taken; ++i) {
          RC_ASSERT(window.at(freed + i).payload == model[i]);
        }
        window.free(count);
        freed += count;
        taken -= count;
        model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(count));
      }
      RC_ASSERT(window.level().messages == model.size());
    }
  }));
}

TEST_P(WindowContract, passes_messages_between_two_threads_whole_and_in_order) {
  constexpr std::uint32_t kCount = 50'000;
  const auto window = make_window();
  const std::jthread appender([&window](const std::stop_token& stop) {
    for (std::uint32_t i = 0; i < kCount && !stop.stop_requested();) {
      const std::string payload = std::to_string(i) + std::string(i % 3000, 'x');
      if (window->append(message_of("t", payload))) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  for (std::uint32_t i = 0; i < kCount;) {
    const auto message = window->take();
    if (!message) {
      std::this_thread::yield();
      continue;
    }
    const std::string expected = std::to_string(i) + std::string(i % 3000, 'x');
    ASSERT_EQ(message->payload, expected);
    window->free(1);
    ++i;
  }
}

}  // namespace
}  // namespace dmp::bridge
