#include "bridge/adapters/kafka_handles.h"

#include <array>

#include "base/log.h"

namespace dmp::bridge {
namespace {

void log_from_library(const rd_kafka_t*, int level, const char* facility, const char* text) {
  constexpr int kSyslogError = 3;
  constexpr int kSyslogNotice = 5;
  const LogLevel ours = level <= kSyslogError    ? LogLevel::kError
                        : level <= kSyslogNotice ? LogLevel::kWarning
                                                 : LogLevel::kInfo;
  log_line(ours, "kafka_library", {{"facility", facility}, {"text", text}});
}

}  // namespace

Result<KafkaConf> make_kafka_conf(const KafkaProperties& properties) {
  KafkaConf conf(rd_kafka_conf_new());
  std::array<char, 512> why{};
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why.data(), why.size()) !=
        RD_KAFKA_CONF_OK) {
      return fail("bad_setting", "Kafka property " + name + ": " + why.data());
    }
  }
  rd_kafka_conf_set_log_cb(conf.get(), log_from_library);
  return conf;
}

Result<rd_kafka_t*> make_kafka_client(rd_kafka_type_t type, KafkaConf conf) {
  std::array<char, 512> why{};
  rd_kafka_t* client = rd_kafka_new(type, conf.get(), why.data(), why.size());
  if (client == nullptr) return fail("bad_setting", std::string("Kafka client: ") + why.data());
  static_cast<void>(conf.release());  // the client owns it now
  return client;
}

}  // namespace dmp::bridge
