// One record as librdkafka takes it: text parts are copied, so they need to live only for the call.
#pragma once

#include <string>
#include <string_view>

#include "registry/adapters/kafka_handles.h"

namespace dmp::registry {

void add_header(const KafkaHeaders& headers, std::string_view name, std::string_view value);

// Gives a record to the producer, to be stored where its key belongs. `headers` and `opaque` are
// the library's if it returns nothing, and stay the caller's with an error.
KafkaError produce(rd_kafka_t* client, const std::string& topic, const std::string& key,
                   const std::string& value, KafkaHeaders& headers, void* opaque = nullptr);

}  // namespace dmp::registry
