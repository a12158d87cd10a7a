#include "tests/bench/fill.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "base/clock.h"
#include "registry/adapters/kafka_produce.h"
#include "schema/codec.h"
#include "schema/topics.h"

namespace dmp::bench {
namespace {

using registry::KafkaClient;
using registry::KafkaConf;
using registry::KafkaSetting;

constexpr int kPatienceMs = 60'000;
constexpr std::int64_t kTurnsPerSecond = 200;  // a turn is as long as the library waits for company

// Waits while the library's queue is full.
Status send(rd_kafka_t* client, const registry::UpdateNews& news) {
  const std::string topic(kafka::kDeviceUpdates);
  const std::string key = device_topic(news.rae, news.session, TopicKind::kUpdate);
  const std::string value = encode(news.update);
  registry::KafkaHeaders headers(rd_kafka_headers_new(2));
  // Now, whatever the stamps: history that is old by both is deleted while the bench still runs.
  registry::add_header(headers, kafka::kReceivedAt, std::to_string(SystemClock().wall_us()));
  registry::add_header(headers, kafka::kBridge, "bench");
  for (;;) {
    const auto error = registry::produce(client, topic, key, value, headers);
    if (!error) return {};
    if (rd_kafka_error_code(error.get()) != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      return fail("kafka", rd_kafka_error_string(error.get()));
    }
    rd_kafka_poll(client, 100);
  }
}

}  // namespace

Status fill(const std::string& brokers, const Load& load, std::int64_t from,
            std::int64_t per_second, Metrics& metrics, const std::stop_token& stop) {
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
  Counter filled = metrics.counter("dmp_bench_filled_total", "Records given to Kafka");
  const std::int64_t per_turn = std::max<std::int64_t>(1, per_second / kTurnsPerSecond);
  const auto begin = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < load.records && !stop.stop_requested(); ++i) {
    if (per_second > 0 && i % per_turn == 0) {
      std::this_thread::sleep_until(begin + std::chrono::microseconds(i * 1'000'000 / per_second));
    }
    if (auto status = send(client->get(), update_number(load, from + i)); !status) return status;
    filled.add();
    rd_kafka_poll(client->get(), 0);
  }
  if (rd_kafka_flush(client->get(), kPatienceMs) == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return fail("kafka", "not all records were taken within a minute");
}

}  // namespace dmp::bench
