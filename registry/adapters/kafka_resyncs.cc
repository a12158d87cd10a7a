#include "registry/adapters/kafka_resyncs.h"

#include <array>

#include "registry/adapters/kafka_produce.h"
#include "schema/codec.h"
#include "schema/topics.h"

namespace dmp::registry {
namespace {

constexpr int kFlushMs = 500;

KafkaHeaders headers_of(const ResyncOrder& order) {
  KafkaHeaders headers(rd_kafka_headers_new(3));
  add_header(headers, kafka::kContentType, "application/json");
  add_header(headers, kafka::kExpiresAt, std::to_string(order.expires_at.us));
  if (!order.bridge.empty()) add_header(headers, kafka::kBridge, order.bridge);
  return headers;
}

}  // namespace

KafkaResyncs::KafkaResyncs(Metrics& metrics)
    : undelivered_(metrics.counter("dmp_ingest_resyncs_undelivered_total",
                                   "Resyncs that Kafka did not take in time")) {}

Result<std::unique_ptr<ResyncSender>> KafkaResyncs::make(const std::string& brokers,
                                                         Metrics& metrics) {
  const std::array<KafkaSetting, 9> settings = {{
      {"bootstrap.servers", brokers},
      {"client.id", "dmp-registry-resyncs"},
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"partitioner", "murmur2_random"},
      {"message.timeout.ms", "60000"},  // as long as a resync is of use
      {"queue.buffering.max.messages", std::to_string(kQueued)},
      {"linger.ms", "5"},
      {"socket.keepalive.enable", "true"},
  }};
  KafkaConf conf(rd_kafka_conf_new());
  if (auto status = set_all(conf.get(), settings); !status) return tl::unexpected(status.error());
  std::unique_ptr<KafkaResyncs> resyncs(new KafkaResyncs(metrics));
  rd_kafka_conf_set_opaque(conf.get(), resyncs.get());
  rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  auto client = make_client(RD_KAFKA_PRODUCER, std::move(conf));
  if (!client) return tl::unexpected(client.error());
  resyncs->client_ = std::move(*client);
  return resyncs;
}

KafkaResyncs::~KafkaResyncs() {
  if (!client_) return;
  rd_kafka_flush(client_.get(), kFlushMs);
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(client_.get(), kFlushMs);
}

Status KafkaResyncs::send(const ResyncOrder& order) {
  rd_kafka_poll(client_.get(), 0);  // reports of earlier ones
  const std::string topic(kafka::kDeviceCommands);
  const std::string key = agent_topic(order.rae, TopicKind::kResync);
  const std::string value = encode(order.resync);
  KafkaHeaders headers = headers_of(order);
  const KafkaError error = produce(client_.get(), topic, key, value, headers);
  if (error) {
    return fail("kafka", topic + ": " + rd_kafka_error_string(error.get()), Retry::kYes);
  }
  return {};
}

void KafkaResyncs::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  static_cast<KafkaResyncs*>(self)->undelivered_.add();
}

}  // namespace dmp::registry
