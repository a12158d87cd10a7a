// A message of librdkafka as a Record. It points into the response it came with, so it is copied.
#pragma once

#include "registry/adapters/kafka_handles.h"
#include "registry/core/record.h"

namespace dmp::registry {

Record record_of(const Partition& partition, const rd_kafka_message_t& message);

}  // namespace dmp::registry
