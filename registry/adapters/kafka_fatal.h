// What a fatal error of a consumer means for people.
#pragma once

#include <string>

#include <librdkafka/rdkafka.h>

namespace dmp::registry {

// `why`: librdkafka's words; `instance`: what this consumer calls itself in its group.
std::string text_of_fatal(rd_kafka_resp_err_t code, const std::string& why,
                          const std::string& instance);

}  // namespace dmp::registry
