#include "base/bounded_queue.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace dmp {
namespace {

constexpr auto kLong = std::chrono::hours(1);

TEST(BoundedQueue, keeps_order) {
  BoundedQueue<int> queue(10, 1000);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.try_push(int(i)));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.try_pop(), i);
  EXPECT_FALSE(queue.try_pop());
}

TEST(BoundedQueue, refuses_over_its_count_and_leaves_the_value_alone) {
  BoundedQueue<std::string> queue(1, 1000);
  ASSERT_TRUE(queue.try_push("first"));
  std::string second = "second";
  EXPECT_FALSE(queue.try_push(std::move(second)));
  EXPECT_EQ(second, "second");
}

TEST(BoundedQueue, refuses_over_its_bytes_until_some_are_taken) {
  BoundedQueue<int> queue(10, 100);
  ASSERT_TRUE(queue.try_push(1, 60));
  EXPECT_FALSE(queue.try_push(2, 60));
  EXPECT_EQ(queue.bytes(), 60U);
  EXPECT_EQ(queue.try_pop(), 1);
  EXPECT_TRUE(queue.try_push(2, 60));
}

TEST(BoundedQueue, a_closed_queue_refuses_but_gives_what_it_has) {
  BoundedQueue<int> queue(10, 100);
  ASSERT_TRUE(queue.try_push(1));
  queue.close();
  EXPECT_FALSE(queue.try_push(2));
  EXPECT_EQ(queue.pop_until(std::chrono::steady_clock::now() + kLong), 1);
  EXPECT_FALSE(queue.pop_until(std::chrono::steady_clock::now() + kLong));
}

TEST(BoundedQueue, closing_wakes_a_waiting_pop) {
  BoundedQueue<int> queue(10, 100);
  std::jthread waiter(
      [&] { EXPECT_FALSE(queue.pop_until(std::chrono::steady_clock::now() + kLong)); });
  queue.close();
}

TEST(BoundedQueue, every_value_crosses_threads_once_and_in_order) {
  constexpr int kValues = 20000;
  BoundedQueue<int> queue(16, 1 << 20);
  std::jthread pusher([&] {
    for (int i = 0; i < kValues;) {
      if (queue.try_push(int(i), 8)) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
    queue.close();
  });
  for (int expected = 0; expected < kValues; ++expected) {
    ASSERT_EQ(queue.pop_until(std::chrono::steady_clock::now() + kLong), expected);
  }
  EXPECT_FALSE(queue.pop_until(std::chrono::steady_clock::now() + kLong));
  EXPECT_EQ(queue.bytes(), 0U);
}

}  // namespace
}  // namespace dmp
