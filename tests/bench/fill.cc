#include "tests/bench/fill.h"

#include <array>
#include <chrono>
#include <thread>

#include "registry/adapters/kafka_handles.h"
#include "schema/codec.h"
#include "schema/topics.h"

namespace dmp::bench {
namespace {

using registry::KafkaClient;
using registry::KafkaConf;
using registry::KafkaSetting;

constexpr int kPatienceMs = 60'000;

rd_kafka_vu_t text_part(rd_kafka_vtype_t type, const std::string& text) {
  rd_kafka_vu_t part{};
  part.vtype = type;
  part.u.mem.ptr = const_cast<char*>(text.data());  // the library copies it
  part.u.mem.size = text.size();
  return part;
}

rd_kafka_headers_t* headers_of(std::int64_t received_at) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(2);
  const auto add = [&](std::string_view name, const std::string& value) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  };
  add(kafka::kReceivedAt, std::to_string(received_at));
  add(kafka::kBridge, "bench");
  return headers;
}

// Waits while the library's queue is full.
Status produce(rd_kafka_t* client, const registry::UpdateNews& news) {
  const std::string topic(kafka::kDeviceUpdates);
  const std::string key = device_topic(news.rae, news.session, TopicKind::kUpdate);
  const std::string value = encode(news.update);
  rd_kafka_headers_t* headers = headers_of(news.received_at.us);
  for (;;) {
    std::array<rd_kafka_vu_t, 5> parts{};
    parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    parts[0].u.cstr = topic.c_str();
    parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    parts[1].u.i = RD_KAFKA_MSG_F_COPY;
    parts[2] = text_part(RD_KAFKA_VTYPE_KEY, key);
    parts[3] = text_part(RD_KAFKA_VTYPE_VALUE, value);
    parts[4].vtype = RD_KAFKA_VTYPE_HEADERS;
    parts[4].u.headers = headers;
    const registry::KafkaError error(rd_kafka_produceva(client, parts.data(), parts.size()));
    if (!error) return {};
    if (rd_kafka_error_code(error.get()) != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      return fail("kafka", rd_kafka_error_string(error.get()));
    }
    rd_kafka_poll(client, 100);
  }
}

}  // namespace

Status fill(const std::string& brokers, const Load& load, std::int64_t from,
            std::int64_t per_second) {
  const std::array<KafkaSetting, 6> settings = {{{"bootstrap.servers", brokers},
                                                 {"enable.idempotence", "true"},
                                                 {"partitioner", "murmur2_random"},
                                                 {"linger.ms", "5"},
                                                 {"batch.size", "524288"},
                                                 {"queue.buffering.max.messages", "50000"}}};
  KafkaConf conf(rd_kafka_conf_new());
  if (auto status = registry::set_all(conf.get(), settings); !status) return status;
  auto client = registry::make_client(RD_KAFKA_PRODUCER, std::move(conf));
  if (!client) return tl::unexpected(client.error());
  const auto begin = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < load.records; ++i) {
    if (per_second > 0) {
      std::this_thread::sleep_until(begin + std::chrono::microseconds(i * 1'000'000 / per_second));
    }
    if (auto status = produce(client->get(), update_number(load, from + i)); !status) return status;
    rd_kafka_poll(client->get(), 0);
  }
  if (rd_kafka_flush(client->get(), kPatienceMs) == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return fail("kafka", "not all records were taken within a minute");
}

}  // namespace dmp::bench
