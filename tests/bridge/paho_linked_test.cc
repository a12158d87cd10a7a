// Which Paho C serves: the shared C++ half must find the one that is linked into the program, or
// all works as well and costs more; and what of it cmake/paho/unwatched.cc replaces.
#include <cerrno>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <MQTTAsync.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>

// Paho's own; it takes it twice on one thread here and there, and counts on being refused.
extern "C" pthread_mutex_t* mqttasync_mutex;

namespace {

// The file in which a call of `name` from a shared library ends up.
std::string home_of(const char* name) {
  Dl_info found{};
  void* const function = dlsym(RTLD_DEFAULT, name);
  return function != nullptr && dladdr(function, &found) != 0 ? found.dli_fname : "";
}

TEST(PahoLinked, the_cpp_half_calls_the_c_half_of_this_program) {
  const std::string library = home_of("MQTTAsync_sendMessage");
  EXPECT_EQ(library.find("libpaho"), std::string::npos) << library;
  for (const char* name : {"MQTTAsync_createWithOptions", "MQTTAsync_connect", "MQTTAsync_destroy",
                           "MQTTAsync_freeMessage", "MQTTProperties_free"}) {
    EXPECT_EQ(home_of(name), library) << name;
  }
}

TEST(PahoLinked, a_mutex_taken_twice_refuses_the_second_time) {
  ASSERT_EQ(pthread_mutex_lock(mqttasync_mutex), 0);
  EXPECT_EQ(pthread_mutex_lock(mqttasync_mutex), EDEADLK);
  EXPECT_EQ(pthread_mutex_unlock(mqttasync_mutex), 0);
}

// It frees the payload of a message twice when the connection breaks while that is being sent.
TEST(PahoLinked, what_is_not_its_own_any_more_it_leaves_alone) {
  void* const block = MQTTAsync_malloc(100);
  MQTTAsync_free(block);
  MQTTAsync_free(block);
  int nobodys = 0;
  MQTTAsync_free(&nobodys);
  MQTTAsync_free(nullptr);
}

TEST(PahoLinked, its_blocks_begin_as_zeros_and_do_not_overlap) {
  constexpr std::size_t kBlocks = 20'000;  // many in each bucket
  std::vector<std::uint32_t*> blocks;
  for (std::uint32_t i = 0; i < kBlocks; ++i) {
    blocks.push_back(static_cast<std::uint32_t*>(MQTTAsync_malloc(sizeof(i))));
    ASSERT_NE(blocks.back(), nullptr);
    ASSERT_EQ(std::exchange(*blocks.back(), i), 0U);
  }
  for (std::uint32_t i = 0; i < kBlocks; ++i) {
    ASSERT_EQ(*blocks[i], i);
    MQTTAsync_free(blocks[i]);
  }
}

TEST(PahoLinked, its_memory_is_for_several_threads) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (std::size_t i = 0; i < 20'000; ++i) MQTTAsync_free(MQTTAsync_malloc(i % 64));
    });
  }
}

}  // namespace
