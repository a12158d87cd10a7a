#include "registry/adapters/kafka_starts.h"

#include <cstdint>

#include "base/log.h"

namespace dmp::registry {
namespace {

constexpr int kTimeoutMs = 1000;

// The first offset of each partition (RD_KAFKA_OFFSET_BEGINNING) or the one behind its last
// (RD_KAFKA_OFFSET_END), by one request to each broker; negative where Kafka did not say.
KafkaPartitions edges(rd_kafka_t* client, const rd_kafka_topic_partition_list_t& partitions,
                      std::int64_t which) {
  KafkaPartitions list(rd_kafka_topic_partition_list_copy(&partitions));
  for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = which;
  const auto code = rd_kafka_offsets_for_times(client, list.get(), kTimeoutMs);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    log_warning("partition_edges_unknown", {{"error", rd_kafka_err2str(code)}});
  }
  for (int i = 0; i < list->cnt; ++i) {
    if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) list->elems[i].offset = -1;
  }
  return list;
}

}  // namespace

std::vector<KafkaStart> look_up_starts(rd_kafka_t* client,
                                       rd_kafka_topic_partition_list_t& partitions) {
  std::vector<KafkaStart> starts(static_cast<std::size_t>(partitions.cnt));
  const auto code = rd_kafka_committed(client, &partitions, kTimeoutMs);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    log_warning("committed_offsets_unknown", {{"error", rd_kafka_err2str(code)}});
    for (int i = 0; i < partitions.cnt; ++i) partitions.elems[i].offset = RD_KAFKA_OFFSET_INVALID;
    return starts;
  }
  const KafkaPartitions low = edges(client, partitions, RD_KAFKA_OFFSET_BEGINNING);
  const KafkaPartitions high = edges(client, partitions, RD_KAFKA_OFFSET_END);
  for (int i = 0; i < partitions.cnt; ++i) {
    auto& entry = partitions.elems[i];
    const std::int64_t first = low->elems[i].offset;
    const std::int64_t next = high->elems[i].offset;
    if (entry.err != RD_KAFKA_RESP_ERR_NO_ERROR || first < 0 || next < 0) continue;
    KafkaStart& start = starts[static_cast<std::size_t>(i)];
    start.is_known = true;
    if (entry.offset >= 0 && entry.offset < first) start.expired = first - entry.offset;
    // Committed beyond the end: the topic was made anew, so everything in it is news.
    if (entry.offset < first || entry.offset > next) entry.offset = first;
  }
  return starts;
}

}  // namespace dmp::registry
