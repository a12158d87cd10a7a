#include "registry/adapters/kafka_handles.h"

#include "base/log.h"

namespace dmp::registry {
namespace {

void on_log(const rd_kafka_t*, int level, const char* facility, const char* text) {
  constexpr int kSyslogError = 3;
  log_line(level <= kSyslogError ? LogLevel::kWarning : LogLevel::kDebug, "librdkafka",
           {{"facility", facility}, {"text", text}});
}

}  // namespace

Result<KafkaClient> make_client(rd_kafka_type_t type, KafkaConf conf) {
  char why[512];
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  KafkaClient client(rd_kafka_new(type, conf.get(), why, sizeof why));
  if (!client) return fail("bad_setting", std::string("Kafka client: ") + why);
  conf.release();  // the client owns it now
  return client;
}

}  // namespace dmp::registry
