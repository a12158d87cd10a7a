// When Paho's receive thread rests before it looks for more, by cmake/paho/batch.cc.
#include <atomic>
#include <condition_variable>
#include <mutex>

#include <sys/ioctl.h>

#include "base/pace.h"
#include "bridge/adapters/batch_paho.h"
#include "tests/bridge/batch_paho.h"

namespace dmp::bridge {
namespace {

// Stands in for the rests of Paho's receive thread: they take no time, but may be kept from ending.
class Rests {
 public:
  Rests() {
    begun = 0;
    rest_paho_by(rest);
  }
  ~Rests() {
    rest_paho_by(nullptr);
    let_go();
  }
  Rests(const Rests&) = delete;
  Rests& operator=(const Rests&) = delete;

  // From now on.
  static void keep() {
    const std::lock_guard lock(mutex);
    is_kept = true;
  }
  static void let_go() {
    std::unique_lock lock(mutex);
    is_kept = false;
    changed.notify_all();
    changed.wait(lock, [] { return !is_resting; });
  }
  // False: it does not rest for a while.
  [[nodiscard]] static bool has_one() {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::milliseconds(kLookMs), [] { return is_resting; });
  }
  [[nodiscard]] static int count() { return begun; }

 private:
  static void rest(SteadyTime) {
    ++begun;
    std::unique_lock lock(mutex);
    is_resting = true;
    changed.notify_all();
    changed.wait(lock, [] { return !is_kept; });
    is_resting = false;
    changed.notify_all();
  }

  // The process's, as the receive thread is.
  static inline std::mutex mutex;
  static inline std::condition_variable changed;
  static inline bool is_kept = false;
  static inline bool is_resting = false;
  static inline std::atomic<int> begun = 0;
};

class PahoRests : public BatchPaho {
 protected:
  // One message after so many that the receive thread rests behind it, and goes on resting. More
  // than the message comes, or its acknowledgement would leave at once and show nothing.
  void come_to_rest() {
    constexpr std::size_t kMuch = 200;
    const auto deadline = clock_.steady() + std::chrono::seconds(kPatienceS);
    while (clock_.steady() < deadline) {
      std::string much;
      for (std::size_t id = 1; id <= kMuch; ++id) much += peer_->sealed(publish_of(id, "x"));
      std::string one = peer_->sealed(publish_of(1, "x"));
      one += peer_->sealed(kPingresp);
      peer_->send(much);
      EXPECT_EQ(joined(acknowledgements(4 * kMuch)), pubacks_to(kMuch));
      Rests::keep();
      peer_->send(one);
      if (Rests::has_one() && window_.level().messages > kMuch) return;
      Rests::let_go();  // it did not rest, or before that message
      EXPECT_EQ(peer_->read_record(), puback_of(1));
      window_.free(payloads().size());
    }
    FAIL() << "it never rests";
  }

  // So many messages, each in a record of its own, which have all arrived when it returns.
  void send_separately(std::size_t messages) {
    std::size_t bytes = 0;
    for (std::size_t id = 1; id <= messages; ++id) {
      const std::string record = peer_->sealed(publish_of(id, "x"));
      bytes += record.size();
      peer_->send(record);
    }
    EXPECT_TRUE(has_arrived(bytes));
  }

 private:
  [[nodiscard]] bool has_arrived(std::size_t bytes) const {
    const int fd = other_end_of(peer_->fd());
    const auto deadline = clock_.steady() + std::chrono::seconds(kPatienceS);
    int arrived = -1;
    while (clock_.steady() < deadline) {
      if (ioctl(fd, FIONREAD, &arrived) != 0) return false;
      if (arrived == static_cast<int>(bytes)) return true;
      poll(nullptr, 0, 1);
    }
    return false;
  }
};

TEST_F(PahoRests, never_rests_while_little_comes) {
  constexpr std::size_t kFew = Pace::kBusy / 2;
  std::size_t id = 0;
  const auto send_one = [&] {
    peer_->send(peer_->sealed(publish_of(++id, "x")));
    EXPECT_EQ(peer_->read_record(), puback_of(id));
  };
  // Until what another test sent counts no more.
  while (id < kFew / 2) {
    poll(nullptr, 0, kLookMs);
    send_one();
  }
  const Rests rests;
  while (id < kFew + kFew / 2) send_one();
  EXPECT_EQ(Rests::count(), 0);
}

TEST_F(PahoRests, reads_and_acknowledges_together_what_comes_while_it_rests) {
  constexpr std::size_t kCompany = 10;
  const Rests rests;
  ASSERT_NO_FATAL_FAILURE(come_to_rest());
  EXPECT_EQ(peer_->read_record(), puback_of(1));
  send_separately(kCompany);
  Rests::let_go();
  EXPECT_EQ(peer_->read_record(), pubacks_to(kCompany));
}

TEST_F(PahoRests, does_not_rest_while_there_is_something_that_it_has_fetched_already) {
  constexpr std::size_t kFetched = 100;  // at once, but acknowledged by many records
  const Rests rests;
  ASSERT_NO_FATAL_FAILURE(come_to_rest());
  EXPECT_EQ(peer_->read_record(), puback_of(1));
  send_separately(kFetched);
  const int before = Rests::count();
  Rests::let_go();
  EXPECT_EQ(joined(acknowledgements(4 * kFetched)), pubacks_to(kFetched));
  EXPECT_LE(Rests::count(), before + 1) << "it may rest behind the last one";
}

TEST_F(PahoRests, rests_when_all_that_it_has_read_is_acknowledged) {
  const Rests rests;
  ASSERT_NO_FATAL_FAILURE(come_to_rest());
  EXPECT_EQ(peer_->read_record(), puback_of(1));
}

TEST_F(PahoRests, publishes_while_it_rests) {
  const Rests rests;
  ASSERT_NO_FATAL_FAILURE(come_to_rest());
  EXPECT_EQ(peer_->read_record(), puback_of(1));
  ASSERT_TRUE(source_->publish({std::string(kTopic), "meanwhile", std::chrono::seconds(60)}));
  EXPECT_NE(peer_->read_record().find("meanwhile"), std::string::npos);
}

TEST_F(PahoRests, listens_on_after_a_silence) {
  const std::uint64_t before = paho_naps_spared();
  const auto deadline = clock_.steady() + std::chrono::seconds(kPatienceS);
  while (paho_naps_spared() < before + 2 && clock_.steady() < deadline) poll(nullptr, 0, kLookMs);
  EXPECT_GE(paho_naps_spared(), before + 2);
  peer_->send(peer_->sealed(publish_of(1, "x")));
  EXPECT_EQ(peer_->read_record(), puback_of(1));
}

}  // namespace
}  // namespace dmp::bridge
