#include "registry/adapters/kafka_produce.h"

#include <array>

namespace dmp::registry {
namespace {

rd_kafka_vu_t text_part(rd_kafka_vtype_t type, const std::string& text) {
  rd_kafka_vu_t part{};
  part.vtype = type;
  // librdkafka copies (RD_KAFKA_MSG_F_COPY) and does not write.
  part.u.mem.ptr = const_cast<char*>(text.data());
  part.u.mem.size = text.size();
  return part;
}

}  // namespace

void add_header(const KafkaHeaders& headers, std::string_view name, std::string_view value) {
  rd_kafka_header_add(headers.get(), name.data(), static_cast<ssize_t>(name.size()), value.data(),
                      static_cast<ssize_t>(value.size()));
}

KafkaError produce(rd_kafka_t* client, const std::string& topic, const std::string& key,
                   const std::string& value, KafkaHeaders& headers, void* opaque) {
  std::array<rd_kafka_vu_t, 6> parts{};
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = topic.c_str();
  parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[1].u.i = RD_KAFKA_MSG_F_COPY;
  parts[2] = text_part(RD_KAFKA_VTYPE_KEY, key);
  parts[3] = text_part(RD_KAFKA_VTYPE_VALUE, value);
  parts[4].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[4].u.headers = headers.get();
  parts[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[5].u.ptr = opaque;
  KafkaError error(rd_kafka_produceva(client, parts.data(), parts.size()));
  if (!error) static_cast<void>(headers.release());
  return error;
}

}  // namespace dmp::registry
