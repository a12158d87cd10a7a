#include "tests/bench/naive_bridge.h"

#include <array>
#include <bit>
#include <memory>

#include <MQTTAsync.h>
#include <mqtt/async_client.h>

#include "base/clock.h"
#include "base/tcp_connections.h"
#include "bridge/adapters/batch_paho.h"
#include "bridge/adapters/kafka_handles.h"
#include "bridge/instruments.h"
#include "schema/topics.h"

namespace dmp::bench {
namespace {

using bridge::KafkaHeaders;

constexpr int kAtLeastOnce = 1;
constexpr int kPollMs = 100;
constexpr int kFlushMs = 5000;

void add(const KafkaHeaders& headers, std::string_view name, std::string_view value) {
  rd_kafka_header_add(headers.get(), name.data(), static_cast<ssize_t>(name.size()), value.data(),
                      static_cast<ssize_t>(value.size()));
}

struct Counts {
  Counter stored;
  Counter failed;
  Histogram stored_after;
  const SystemClock clock;
};

class Producer {
 public:
  static Result<std::unique_ptr<Producer>> open(const bridge::KafkaOptions& options,
                                                Counts& counts) {
    auto conf = bridge::make_kafka_conf(bridge::producer_properties(options));
    if (!conf) return tl::unexpected(conf.error());
    rd_kafka_conf_set_opaque(conf->get(), &counts);
    rd_kafka_conf_set_dr_msg_cb(conf->get(), on_report);
    auto client = bridge::make_kafka_client(RD_KAFKA_PRODUCER, std::move(*conf));
    if (!client) return tl::unexpected(client.error());
    return std::unique_ptr<Producer>(new Producer(*client, options.client_id, counts));
  }
  ~Producer() {
    rd_kafka_flush(client_, kFlushMs);
    rd_kafka_destroy(client_);
  }
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // The record as the bridge makes it.
  void produce(const mqtt::message& message) {
    const std::int64_t received_at = counts_.clock.wall_us();
    KafkaHeaders headers(rd_kafka_headers_new(3));
    add(headers, kafka::kContentType,
        mqtt::get<std::string>(message.get_properties(), mqtt::property::CONTENT_TYPE));
    add(headers, kafka::kReceivedAt, std::to_string(received_at));
    add(headers, kafka::kBridge, name_);
    const std::string& topic = message.get_topic();
    const std::string& payload = message.get_payload();
    std::array<rd_kafka_vu_t, 6> parts{};
    parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    parts[0].u.cstr = kafka::kDeviceUpdates.data();
    parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    parts[1].u.i = RD_KAFKA_MSG_F_COPY;
    parts[2].vtype = RD_KAFKA_VTYPE_KEY;
    parts[2].u.mem = {const_cast<char*>(topic.data()), topic.size()};
    parts[3].vtype = RD_KAFKA_VTYPE_VALUE;
    parts[3].u.mem = {const_cast<char*>(payload.data()), payload.size()};
    parts[4].vtype = RD_KAFKA_VTYPE_HEADERS;
    parts[4].u.headers = headers.get();
    parts[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
    // Only a number, and never followed.
    parts[5].u.ptr = std::bit_cast<void*>(received_at);
    const bridge::KafkaError error(rd_kafka_produceva(client_, parts.data(), parts.size()));
    if (error != nullptr) return counts_.failed.add();
    static_cast<void>(headers.release());  // the message owns them now
  }

  void poll() { rd_kafka_poll(client_, kPollMs); }

 private:
  Producer(rd_kafka_t* client, std::string name, Counts& counts)
      : client_(client), name_(std::move(name)), counts_(counts) {}

  static void on_report(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    auto& counts = *static_cast<Counts*>(opaque);
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return counts.failed.add();
    const auto received_at = std::bit_cast<std::int64_t>(message->_private);
    counts.stored_after.observe(static_cast<double>(counts.clock.wall_us() - received_at) / 1e6);
    counts.stored.add();
  }

  rd_kafka_t* client_;
  const std::string name_;
  Counts& counts_;
};

mqtt::connect_options connection_of(const bridge::MqttOptions& options) {
  mqtt::ssl_options tls;
  tls.set_trust_store(options.ca_file);
  tls.set_key_store(options.certificate_file);
  tls.set_private_key(options.key_file);
  mqtt::connect_options made;
  made.set_mqtt_version(MQTTVERSION_5);
  made.set_clean_start(true);
  made.set_keep_alive_interval(options.keepalive);
  made.set_ssl(tls);
  return made;
}

}  // namespace

Status run_naive_bridge(const bridge::MqttOptions& mqtt_options, const bridge::KafkaOptions& kafka,
                        Metrics& metrics, std::atomic<bool>& subscribed,
                        const std::stop_token& stop) {
  Counts counts{
      metrics.counter("dmp_naive_stored_total", "Messages Kafka has stored"),
      metrics.counter("dmp_naive_failed_total", "Messages Kafka has not stored"),
      metrics.histogram("dmp_naive_stored_after_seconds", "From MQTT's callback to Kafka's report",
                        bridge::Instruments::stored_after_bounds()),
      {}};
  auto producer = Producer::open(kafka, counts);
  if (!producer) return tl::unexpected(producer.error());
  // What is only a matter of settings it has too: the comparison is of designs.
  MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
  batch_paho();
  try {
    mqtt::async_client client(mqtt_options.uri, mqtt_options.client_id,
                              mqtt::create_options(MQTTVERSION_5), nullptr);
    client.set_message_callback(
        [&](const mqtt::const_message_ptr& message) { (*producer)->produce(*message); });
    mqtt::connect_options connection = connection_of(mqtt_options);
    // On the object that connects: Paho C++ 1.2.0 sends none of a copy's.
    connection.set_properties({{mqtt::property::RECEIVE_MAXIMUM, mqtt_options.receive_max}});
    client.connect(connection)->wait();
    disable_nagle_to(port_of(mqtt_options.uri));
    for (const std::string& filter : mqtt_options.filters) {
      client.subscribe(filter, kAtLeastOnce)->wait();
    }
    subscribed = true;
    while (!stop.stop_requested()) (*producer)->poll();
    client.disconnect()->wait();
  } catch (const mqtt::exception& error) {
    return fail("mqtt", error.what());
  }
  return {};
}

}  // namespace dmp::bench
