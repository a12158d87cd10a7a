#include "registry/adapters/kafka_fatal.h"

namespace dmp::registry {

std::string text_of_fatal(rd_kafka_resp_err_t code, const std::string& why,
                          const std::string& instance) {
  if (code != RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) return why;
  return "setting kafka-instance: '" + instance +
         "' is also another instance's; give each one of its own (" + why + ")";
}

}  // namespace dmp::registry
