#include "registry/adapters/kafka_ends.h"

#include <algorithm>

namespace dmp::registry {
namespace {

constexpr std::chrono::milliseconds kLookEvery{5000};
constexpr int kPatienceMs = 300;

}  // namespace

void KafkaEnds::watch(const rd_kafka_topic_partition_list_t& partitions) {
  watched_.reset(rd_kafka_topic_partition_list_copy(&partitions));
  next_look_ = std::chrono::steady_clock::now() + kLookEvery;
  std::lock_guard lock(mutex_);
  asked_.clear();
}

void KafkaEnds::look(rd_kafka_t* client) {
  const auto now = std::chrono::steady_clock::now();
  if (!watched_ || watched_->cnt == 0 || now < next_look_) return;
  next_look_ = now + kLookEvery;
  for (int i = 0; i < watched_->cnt; ++i) watched_->elems[i].offset = RD_KAFKA_OFFSET_END;
  if (rd_kafka_offsets_for_times(client, watched_.get(), kPatienceMs) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return;  // the next time is soon enough
  }
  std::lock_guard lock(mutex_);
  for (int i = 0; i < watched_->cnt; ++i) {
    const auto& entry = watched_->elems[i];
    if (entry.err != RD_KAFKA_RESP_ERR_NO_ERROR || entry.offset < 0) continue;
    asked_[{entry.topic, entry.partition}] = entry.offset;
  }
}

std::optional<std::int64_t> KafkaEnds::of(rd_kafka_t* client, const Partition& partition) const {
  const std::string topic(partition.topic);
  std::int64_t low = 0;
  std::int64_t fetched = -1;
  if (rd_kafka_get_watermark_offsets(client, topic.c_str(), partition.number, &low, &fetched) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    fetched = -1;
  }
  std::lock_guard lock(mutex_);
  const auto asked = asked_.find({topic, partition.number});
  const std::int64_t end = std::max(fetched, asked == asked_.end() ? -1 : asked->second);
  return end < 0 ? std::nullopt : std::optional(end);
}

}  // namespace dmp::registry
