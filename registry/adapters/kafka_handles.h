// librdkafka's handles, owned. One that is not destroyed makes rd_kafka_destroy wait for ever.
#pragma once

#include <memory>
#include <string>

#include <librdkafka/rdkafka.h>

#include "base/result.h"

namespace dmp::registry {

template <auto destroy>
struct KafkaDelete {
  template <class Handle>
  void operator()(Handle* handle) const {
    destroy(handle);
  }
};

using KafkaConf = std::unique_ptr<rd_kafka_conf_t, KafkaDelete<rd_kafka_conf_destroy>>;
using KafkaClient = std::unique_ptr<rd_kafka_t, KafkaDelete<rd_kafka_destroy>>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, KafkaDelete<rd_kafka_queue_destroy>>;
using KafkaEvent = std::unique_ptr<rd_kafka_event_t, KafkaDelete<rd_kafka_event_destroy>>;
using KafkaMessage = std::unique_ptr<rd_kafka_message_t, KafkaDelete<rd_kafka_message_destroy>>;
using KafkaError = std::unique_ptr<rd_kafka_error_t, KafkaDelete<rd_kafka_error_destroy>>;
using KafkaHeaders = std::unique_ptr<rd_kafka_headers_t, KafkaDelete<rd_kafka_headers_destroy>>;
using KafkaPartitions = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                        KafkaDelete<rd_kafka_topic_partition_list_destroy>>;

struct KafkaSetting {
  const char* name;
  std::string value;
};

template <class Settings>
Status set_all(rd_kafka_conf_t* conf, const Settings& settings) {
  char why[512];
  for (const KafkaSetting& setting : settings) {
    if (rd_kafka_conf_set(conf, setting.name, setting.value.c_str(), why, sizeof why) !=
        RD_KAFKA_CONF_OK) {
      return fail("bad_setting", std::string("Kafka client: ") + why);
    }
  }
  return {};
}

// Its log lines become ours.
Result<KafkaClient> make_client(rd_kafka_type_t type, KafkaConf conf);

}  // namespace dmp::registry
