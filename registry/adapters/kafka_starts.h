// Where partitions begin for a consumer group.
#pragma once

#include <cstdint>
#include <vector>

#include "registry/adapters/kafka_handles.h"

namespace dmp::registry {

struct KafkaStart {
  bool is_known = false;     // Kafka told
  std::int64_t expired = 0;  // records behind what the group committed that the log has no more
};

// Sets the offset of each partition to what the group committed, as far as the log still holds it.
// Where Kafka did not tell, the offset is left to the client, which asks by itself when it fetches.
// Waits for three answers, at most 1 s each.
std::vector<KafkaStart> look_up_starts(rd_kafka_t* client,
                                       rd_kafka_topic_partition_list_t& partitions);

}  // namespace dmp::registry
