// A process that ends before its callback has returned has acknowledged nothing.
#include <chrono>
#include <memory>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bridge/adapters/memory_window.h"
#include "bridge/adapters/paho_source.h"
#include "tests/bridge/mqtt_broker.h"

namespace dmp::bridge {
namespace {

const std::string kTopic = "dmp/v1/rae-1/0b7f1e0a-3c55-4f6a-9a35-0d5a2c1e7a11/update";
constexpr std::chrono::seconds kPatience{30};
constexpr int kCrashed = 9;
constexpr std::size_t kKept = 3;

// Keeps a few messages, then the process is gone.
class CrashingWindow final : public Window {
 public:
  bool append(const Message&) noexcept override {
    if (++kept_ > kKept) _exit(kCrashed);
    return true;
  }
  std::optional<Message> take() override { return std::nullopt; }
  [[nodiscard]] Message at(std::uint64_t) const override { return {}; }
  void free(std::size_t) override {}
  [[nodiscard]] WindowLevel level() const override { return {}; }

 private:
  std::size_t kept_ = 0;
};

// Connects and handles events until `done` or time is up.
template <class Condition>
bool run_source(Window& window, const MqttOptions& options, Condition done) {
  const SystemClock clock;
  Wake wake;
  PahoSource source(options, window, wake, clock);
  source.connect();
  const auto deadline = clock.steady() + kPatience;
  bool up = false;
  while (clock.steady() < deadline) {
    while (const auto event = source.poll()) up = event->kind == SourceEvent::Kind::kSubscribed;
    if (done(up)) return true;
    wake.wait_until(clock.steady() + std::chrono::milliseconds(100), clock.steady());
  }
  return false;
}

TEST(PahoSource, gets_again_after_a_crash_what_it_had_not_kept) {
  MqttBroker broker;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    CrashingWindow window;
    bool told = false;
    run_source(window, broker.options(), [&](bool up) {
      if (up && !told) told = write(ready[1], "u", 1) == 1;
      return false;
    });
    _exit(0);
  }
  close(ready[1]);
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1) << "the child did not connect";
  close(ready[0]);
  {
    Agent agent(broker);
    for (int i = 0; i < 6; ++i) agent.publish(kTopic, std::to_string(i));
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), kCrashed);

  MemoryWindow window(1 << 20, 100);
  std::vector<std::string> received;
  bool first_is_duplicate = false;
  EXPECT_TRUE(run_source(window, broker.options(), [&](bool) {
    while (const auto message = window.take()) {
      if (received.empty()) first_is_duplicate = message->duplicate;
      received.emplace_back(message->payload);
    }
    return !received.empty() && received.back() == "5";
  }));
  // What it had kept was acknowledged, unless the acknowledgement died with it.
  ASSERT_GE(received.size(), 3U);
  EXPECT_TRUE(first_is_duplicate);
  EXPECT_LE(std::stoul(received.front()), kKept);
  for (std::size_t i = 1; i < received.size(); ++i) {
    EXPECT_EQ(std::stoul(received[i]), std::stoul(received[i - 1]) + 1);
  }
}

}  // namespace
}  // namespace dmp::bridge
