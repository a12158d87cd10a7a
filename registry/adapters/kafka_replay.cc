#include "registry/adapters/kafka_replay.h"

#include <array>
#include <chrono>
#include <utility>

#include "registry/adapters/kafka_record.h"

namespace dmp::registry {
namespace {

constexpr int kAskMs = 10'000;
constexpr int kPollMs = 200;
constexpr std::chrono::seconds kSilenceMax{30};

struct TopicDelete {
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};
struct MetadataDelete {
  void operator()(const struct rd_kafka_metadata* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};

tl::unexpected<Error> kafka_error(const std::string& what, rd_kafka_resp_err_t code) {
  return fail("kafka", what + ": " + rd_kafka_err2str(code), Retry::kYes);
}

}  // namespace

Result<std::unique_ptr<Replay>> KafkaReplay::make(const KafkaReplayOptions& options) {
  std::unique_ptr<KafkaReplay> replay(new KafkaReplay(options));
  if (auto status = replay->connect(); !status) return tl::unexpected(status.error());
  return replay;
}

KafkaReplay::~KafkaReplay() {
  if (client_) rd_kafka_assign(client_.get(), nullptr);
}

Status KafkaReplay::connect() {
  const std::array<KafkaSetting, 10> settings = {{
      {"bootstrap.servers", options_.brokers},
      {"client.id", "dmp-registry-verify"},
      {"group.id", options_.group},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"enable.partition.eof", "true"},
      {"isolation.level", "read_committed"},
      {"queued.max.messages.kbytes", "16384"},
      {"fetch.max.bytes", "8388608"},
      {"receive.message.max.bytes", "16777216"},
  }};
  KafkaConf conf(rd_kafka_conf_new());
  if (auto status = set_all(conf.get(), settings); !status) return status;
  auto client = make_client(RD_KAFKA_CONSUMER, std::move(conf));
  if (!client) return tl::unexpected(client.error());
  client_ = std::move(*client);
  rd_kafka_poll_set_consumer(client_.get());
  const KafkaPartitions list(rd_kafka_topic_partition_list_new(16));
  for (const std::string& topic : options_.topics) {
    if (auto status = add_partitions(topic, *list); !status) return status;
  }
  const auto code = rd_kafka_assign(client_.get(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error("assign", code);
  return {};
}

Status KafkaReplay::add_partitions(const std::string& topic,
                                   rd_kafka_topic_partition_list_t& list) {
  const std::unique_ptr<rd_kafka_topic_t, TopicDelete> handle(
      rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr));
  const struct rd_kafka_metadata* raw = nullptr;
  auto code = rd_kafka_metadata(client_.get(), 0, handle.get(), &raw, kAskMs);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(topic, code);
  const std::unique_ptr<const struct rd_kafka_metadata, MetadataDelete> metadata(raw);
  if (metadata->topic_cnt != 1 || metadata->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return kafka_error(topic, metadata->topic_cnt == 1 ? metadata->topics[0].err
                                                       : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  }
  const std::string_view known =
      topic == options_.topics[0] ? kafka::kDeviceUpdates : kafka::kAgents;
  for (int i = 0; i < metadata->topics[0].partition_cnt; ++i) {
    const std::int32_t number = metadata->topics[0].partitions[i].id;
    std::int64_t low = 0;
    std::int64_t high = 0;
    code =
        rd_kafka_query_watermark_offsets(client_.get(), topic.c_str(), number, &low, &high, kAskMs);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(topic, code);
    if (low == high) continue;
    ends_[{known, number}] = high;
    rd_kafka_topic_partition_list_add(&list, topic.c_str(), number)->offset = low;
  }
  return {};
}

Partition KafkaReplay::partition_of(const rd_kafka_message_t& message) const {
  const bool of_devices = options_.topics[0] == rd_kafka_topic_name(message.rkt);
  return {of_devices ? kafka::kDeviceUpdates : kafka::kAgents, message.partition};
}

Result<std::vector<Record>> KafkaReplay::next(Credit credit) {
  std::vector<Record> records;
  const auto deadline = std::chrono::steady_clock::now() + kSilenceMax;
  while (!ends_.empty() && credit.left()) {
    // What is there already is taken without waiting for more.
    const KafkaMessage message(
        rd_kafka_consumer_poll(client_.get(), records.empty() ? kPollMs : 0));
    if (!message) {
      if (!records.empty()) break;
      if (std::chrono::steady_clock::now() < deadline) continue;
      return fail("kafka",
                  "no record came for 30 s, " + std::to_string(ends_.size()) +
                      " partitions are not read to their end",
                  Retry::kYes);
    }
    if (message->rkt == nullptr) continue;  // of a broker; the log says so, and the silence counts
    const Partition partition = partition_of(*message);
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      finish(partition);
    } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return kafka_error(rd_kafka_topic_name(message->rkt), message->err);
    } else if (const auto end = ends_.find(partition); end != ends_.end()) {
      if (message->offset + 1 >= end->second) ends_.erase(end);
      records.push_back(record_of(partition, *message));
      credit.spend(records.back().bytes());
    }
  }
  return records;
}

}  // namespace dmp::registry
