// librdkafka's handles, owned; and what both of the bridge's clients have in common.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <librdkafka/rdkafka.h>

#include "base/result.h"

namespace dmp::bridge {

template <auto destroy>
struct KafkaDelete {
  template <class Handle>
  void operator()(Handle* handle) const {
    destroy(handle);
  }
};

using KafkaConf = std::unique_ptr<rd_kafka_conf_t, KafkaDelete<rd_kafka_conf_destroy>>;
using KafkaEvent = std::unique_ptr<rd_kafka_event_t, KafkaDelete<rd_kafka_event_destroy>>;
using KafkaError = std::unique_ptr<rd_kafka_error_t, KafkaDelete<rd_kafka_error_destroy>>;
using KafkaHeaders = std::unique_ptr<rd_kafka_headers_t, KafkaDelete<rd_kafka_headers_destroy>>;
using KafkaMessage = std::unique_ptr<rd_kafka_message_t, KafkaDelete<rd_kafka_message_destroy>>;
using KafkaTopic = std::unique_ptr<rd_kafka_topic_t, KafkaDelete<rd_kafka_topic_destroy>>;
using KafkaPartitions = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                        KafkaDelete<rd_kafka_topic_partition_list_destroy>>;

using KafkaProperties = std::map<std::string, std::string>;

// Its log lines become ours. Error "bad_setting" names the property.
Result<KafkaConf> make_kafka_conf(const KafkaProperties& properties);

// The caller destroys it, in the way its kind needs.
Result<rd_kafka_t*> make_kafka_client(rd_kafka_type_t type, KafkaConf conf);

}  // namespace dmp::bridge
