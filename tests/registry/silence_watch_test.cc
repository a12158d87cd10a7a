// Who waits too long for an answer loses the connection, and nobody else does.
#include "registry/adapters/silence_watch.h"

#include <array>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dmp::registry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SteadyTime kStart{seconds(1000)};

class SilenceTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()), 0);
    line_.connected(ends_[0]);
    line_.set_limit(seconds(12));
  }
  void TearDown() override {
    for (const int end : ends_) close(end);
  }

  [[nodiscard]] bool is_shut() const {
    char byte = 0;
    return recv(ends_[0], &byte, 1, MSG_DONTWAIT) == 0;
  }

  std::array<int, 2> ends_{};
  SilenceWatch watch_;
  SilenceWatch::Line line_{watch_};
};

TEST_F(SilenceTest, a_wait_that_reached_its_limit_is_shut_and_says_how_long_it_was) {
  line_.wait_begins(kStart);
  watch_.look(kStart + milliseconds(11'999));
  EXPECT_FALSE(is_shut());
  EXPECT_EQ(line_.silence(), seconds(0));
  watch_.look(kStart + seconds(12));
  EXPECT_TRUE(is_shut());
  EXPECT_EQ(line_.silence(), seconds(12));
}

TEST_F(SilenceTest, an_answer_ends_the_wait_and_the_next_begins_anew) {
  line_.wait_begins(kStart);
  line_.wait_ends();
  watch_.look(kStart + seconds(100));
  line_.wait_begins(kStart + seconds(100));
  watch_.look(kStart + seconds(111));
  EXPECT_FALSE(is_shut());
}

TEST_F(SilenceTest, without_a_limit_nothing_is_shut) {
  line_.set_limit(milliseconds(0));
  line_.wait_begins(kStart);
  watch_.look(kStart + seconds(100'000));
  EXPECT_FALSE(is_shut());
}

TEST_F(SilenceTest, a_new_connection_begins_without_the_old_ones_silence) {
  line_.wait_begins(kStart);
  watch_.look(kStart + seconds(12));
  line_.disconnected();
  EXPECT_EQ(line_.silence(), seconds(12)) << "until somebody has asked";
  line_.connected(ends_[1]);
  EXPECT_EQ(line_.silence(), seconds(0));
  watch_.look(kStart + seconds(24));
  EXPECT_EQ(line_.silence(), seconds(0)) << "it does not wait";
}

TEST_F(SilenceTest, lines_of_one_watch_have_limits_of_their_own) {
  SilenceWatch::Line other(watch_);
  other.connected(ends_[1]);
  other.set_limit(seconds(3));
  line_.wait_begins(kStart);
  other.wait_begins(kStart);
  watch_.look(kStart + seconds(3));
  EXPECT_EQ(line_.silence(), seconds(0));
  EXPECT_EQ(other.silence(), seconds(3));
}

}  // namespace
}  // namespace dmp::registry
