#include "registry/adapters/kafka_record.h"

namespace dmp::registry {
namespace {

std::string copy(const void* data, std::size_t size) {
  return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
}

std::vector<Header> headers_of(const rd_kafka_message_t& message) {
  std::vector<Header> headers;
  rd_kafka_headers_t* list = nullptr;
  if (rd_kafka_message_headers(&message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR) return headers;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(list, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    headers.push_back({name, copy(value, size)});
  }
  return headers;
}

}  // namespace

Record record_of(const Partition& partition, const rd_kafka_message_t& message) {
  Record record;
  record.partition = partition;
  record.offset = message.offset;
  record.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
  record.key = copy(message.key, message.key_len);
  record.value = copy(message.payload, message.len);
  record.headers = headers_of(message);
  return record;
}

}  // namespace dmp::registry
