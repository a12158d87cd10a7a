// Where partitions begin for a consumer group.
#pragma once

#include <vector>

#include "registry/adapters/kafka_handles.h"

namespace dmp::registry {

// Sets the offset of each partition to what the group committed, as far as the log still holds it,
// and says of which partitions Kafka told so; the others' offsets are left to the client, which
// asks by itself when it fetches. Waits for three answers, at most 1 s each.
std::vector<bool> look_up_starts(rd_kafka_t* client, rd_kafka_topic_partition_list_t& partitions);

}  // namespace dmp::registry
