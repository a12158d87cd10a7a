// KafkaCommands: Commands on librdkafka, a thread with a consumer of its own between begin() and
// end().
//
// It is no member of its group and only keeps its offsets there: all partitions are its own, so
// there is nothing to share out, and a bridge that takes over is at work at once. Partitions that a
// topic gets while it reads are seen at the next begin(). At most kWaitingMax commands wait here,
// and a few hundred kilobytes in the library. What is done is committed every second, and at end().
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "bridge/ports.h"
#include "bridge/wake.h"

namespace dmp::bridge {

struct KafkaCommandsOptions {
  std::string brokers;  // host:port, comma separated
  std::string client_id;
  std::string group;
  std::string topic;
};

class KafkaCommands final : public Commands {
 public:
  static constexpr std::size_t kWaitingMax = 256;

  // `wake` must outlive it.
  KafkaCommands(KafkaCommandsOptions options, Wake& wake);
  ~KafkaCommands() override;

  void run();
  // Returns within two seconds.
  void stop();

  void begin() override;
  void end() override;
  std::optional<Command> take() override;
  void done(std::int32_t partition, std::int64_t next) override;
  [[nodiscard]] std::string trouble() const override;

 private:
  class Consumer;

  void work(const std::stop_token& stop);
  using Offsets = std::map<std::int32_t, std::int64_t>;

  // Until it is not wanted any more (true) or has failed. `given`: what it puts is below these.
  bool read(Consumer& consumer, std::uint64_t reading, const std::stop_token& stop, Offsets& given);
  bool put(Command command, std::uint64_t reading, const std::stop_token& stop);
  Offsets take_done();
  void set_trouble(std::string trouble);

  const KafkaCommandsOptions options_;
  Wake& wake_;

  mutable std::mutex mutex_;  // protects everything below but the thread
  std::condition_variable_any changed_;
  std::uint64_t begun_ = 0;    // calls of begin()
  std::uint64_t reading_ = 0;  // the one that counts; 0: none
  std::deque<Command> waiting_;
  Offsets done_;  // and not committed
  std::string trouble_;
  std::jthread thread_;
};

}  // namespace dmp::bridge
