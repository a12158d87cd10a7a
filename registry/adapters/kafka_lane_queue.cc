#include "registry/adapters/kafka_lane_queue.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "registry/adapters/kafka_record.h"

namespace dmp::registry {

KafkaLaneQueue::KafkaLaneQueue() : wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  DMP_CHECK(wake_fd_ >= 0);
}

KafkaLaneQueue::~KafkaLaneQueue() {
  clear();
  close(wake_fd_);
}

void KafkaLaneQueue::add(const Partition& partition, KafkaQueue queue) {
  const std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(queue.get(), wake_fd_, &one, sizeof one);
  std::lock_guard lock(mutex_);
  sources_.push_back({partition, std::move(queue)});
  more_ = true;  // something may have come before the wake-up was armed
}

void KafkaLaneQueue::clear() {
  std::lock_guard lock(mutex_);
  for (const Source& source : sources_) {
    rd_kafka_queue_io_event_enable(source.queue.get(), -1, nullptr, 0);
  }
  sources_.clear();
  first_ = 0;
  more_ = false;
}

void KafkaLaneQueue::wait(std::chrono::milliseconds patience) {
  {
    std::lock_guard lock(mutex_);
    if (more_) return;
  }
  pollfd entry{wake_fd_, POLLIN, 0};
  if (poll(&entry, 1, static_cast<int>(patience.count())) <= 0) return;
  std::uint64_t count = 0;
  // Nothing to read only means that a wake-up was taken before.
  [[maybe_unused]] const ssize_t got = read(wake_fd_, &count, sizeof count);
}

std::vector<Record> KafkaLaneQueue::take(Credit credit, std::chrono::milliseconds patience) {
  wait(patience);
  std::vector<Record> records;
  std::lock_guard lock(mutex_);
  more_ = false;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Source& source = sources_[(first_ + i) % sources_.size()];
    while (credit.left()) {
      const KafkaMessage message(rd_kafka_consume_queue(source.queue.get(), 0));
      if (!message) break;
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        log_warning("fetch_failed", {{"topic", source.partition.topic},
                                     {"partition", source.partition.number},
                                     {"error", rd_kafka_message_errstr(message.get())}});
        continue;
      }
      records.push_back(record_of(source.partition, *message));
      credit.spend(records.back().bytes());
    }
  }
  more_ = !credit.left();
  if (!sources_.empty()) first_ = (first_ + 1) % sources_.size();
  return records;
}

}  // namespace dmp::registry
