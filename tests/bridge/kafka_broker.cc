#include "tests/bridge/kafka_broker.h"

#include <array>
#include <chrono>
#include <cstring>
#include <set>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/check.h"

namespace dmp::bridge {
namespace {

constexpr int kBroker = 1;
constexpr std::int16_t kProduce = 0;
constexpr std::int16_t kFetch = 1;
constexpr std::chrono::seconds kPatience{30};

rd_kafka_t* make_client(rd_kafka_type_t type,
                        const std::vector<std::pair<const char*, std::string>>& properties) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char why[256];
  for (const auto& [name, value] : properties) {
    DMP_CHECK(rd_kafka_conf_set(conf, name, value.c_str(), why, sizeof why) == RD_KAFKA_CONF_OK);
  }
  rd_kafka_t* client = rd_kafka_new(type, conf, why, sizeof why);
  DMP_CHECK(client != nullptr);
  return client;
}

// Partitions of a topic, asked until the broker knows it.
int partitions_of(rd_kafka_t* client, const std::string& topic) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  int count = 0;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (count == 0 && std::chrono::steady_clock::now() < deadline) {
    const rd_kafka_metadata_t* metadata = nullptr;
    if (rd_kafka_metadata(client, 0, handle, &metadata, 1000) != RD_KAFKA_RESP_ERR_NO_ERROR)
      continue;
    if (metadata->topic_cnt == 1) count = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
  }
  rd_kafka_topic_destroy(handle);
  return count;
}

StoredRecord copy_of(const rd_kafka_message_t& message, const std::string& topic) {
  StoredRecord record;
  record.topic = topic;
  record.key.assign(static_cast<const char*>(message.key), message.key_len);
  record.payload.assign(static_cast<const char*>(message.payload), message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    record.headers.emplace_back(name, std::string(static_cast<const char*>(value), size));
  }
  return record;
}

}  // namespace

struct MockKafka::Cluster {
  rd_kafka_t* client = make_client(RD_KAFKA_PRODUCER, {{"log_level", "3"}});
  rd_kafka_mock_cluster_t* mock = rd_kafka_mock_cluster_new(client, 1);

  void fail(std::int16_t request, const std::vector<int>& error_codes) const {
    std::vector<rd_kafka_resp_err_t> errors;
    for (const int code : error_codes) errors.push_back(static_cast<rd_kafka_resp_err_t>(code));
    rd_kafka_mock_push_request_errors_array(mock, request, errors.size(), errors.data());
  }
};

MockKafka::MockKafka() : cluster_(std::make_unique<Cluster>()) {
  DMP_CHECK(cluster_->mock != nullptr);
}

MockKafka::~MockKafka() {
  rd_kafka_mock_cluster_destroy(cluster_->mock);
  rd_kafka_destroy(cluster_->client);
}

std::string MockKafka::brokers() const { return rd_kafka_mock_cluster_bootstraps(cluster_->mock); }

void MockKafka::create_topic(const std::string& topic, int partitions) {
  DMP_CHECK(rd_kafka_mock_topic_create(cluster_->mock, topic.c_str(), partitions, 1) ==
            RD_KAFKA_RESP_ERR_NO_ERROR);
}

void MockKafka::set_down(bool down) {
  if (down) {
    rd_kafka_mock_broker_set_down(cluster_->mock, kBroker);
  } else {
    rd_kafka_mock_broker_set_up(cluster_->mock, kBroker);
  }
}

void MockKafka::set_round_trip(std::chrono::milliseconds time) {
  rd_kafka_mock_broker_set_rtt(cluster_->mock, kBroker, static_cast<int>(time.count()));
}

void MockKafka::fail_produce(const std::vector<int>& error_codes) {
  cluster_->fail(kProduce, error_codes);
}

void MockKafka::fail_fetch(const std::vector<int>& error_codes) {
  cluster_->fail(kFetch, error_codes);
}

struct ProducerByName::Client {
  rd_kafka_t* handle;
};

ProducerByName::ProducerByName(const std::string& brokers, const std::string& topic)
    : client_(std::make_unique<Client>(
          Client{make_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers}})})) {
  std::array<rd_kafka_vu_t, 2> parts{};
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = topic.c_str();
  parts[1].vtype = RD_KAFKA_VTYPE_VALUE;
  DMP_CHECK(rd_kafka_produceva(client_->handle, parts.data(), parts.size()) == nullptr);
}

ProducerByName::~ProducerByName() { rd_kafka_destroy(client_->handle); }

bool ProducerByName::has_stored() const {
  rd_kafka_poll(client_->handle, 0);
  return rd_kafka_outq_len(client_->handle) == 0;
}

void create_topic(const std::string& brokers, const std::string& topic, int partitions) {
  constexpr int kPatienceMs = 30'000;
  rd_kafka_t* client = make_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers}});
  rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, nullptr, 0);
  rd_kafka_queue_t* answers = rd_kafka_queue_new(client);
  rd_kafka_CreateTopics(client, &wanted, 1, nullptr, answers);
  rd_kafka_event_t* answer = rd_kafka_queue_poll(answers, kPatienceMs);
  DMP_CHECK(answer != nullptr && rd_kafka_event_error(answer) == RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_event_destroy(answer);
  rd_kafka_NewTopic_destroy(wanted);
  rd_kafka_queue_destroy(answers);
  DMP_CHECK(partitions_of(client, topic) == partitions);
  rd_kafka_destroy(client);
}

void write_record(const std::string& brokers, const std::string& topic, std::int32_t partition,
                  const StoredRecord& record) {
  constexpr int kPatienceMs = 30'000;
  rd_kafka_t* client = make_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers}});
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  std::array<rd_kafka_vu_t, 6> parts{};
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = topic.c_str();
  parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[1].u.i32 = partition;
  parts[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[2].u.i = RD_KAFKA_MSG_F_COPY;
  parts[3].vtype = RD_KAFKA_VTYPE_KEY;
  parts[3].u.mem = {const_cast<char*>(record.key.data()), record.key.size()};
  parts[4].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[4].u.mem = {const_cast<char*>(record.payload.data()), record.payload.size()};
  parts[5].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[5].u.headers = headers;
  DMP_CHECK(rd_kafka_produceva(client, parts.data(), parts.size()) == nullptr);
  DMP_CHECK(rd_kafka_flush(client, kPatienceMs) == RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_destroy(client);
}

std::vector<StoredRecord> read_topic(const std::string& brokers, const std::string& topic,
                                     std::size_t count) {
  rd_kafka_t* client = make_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers},
                                                       {"group.id", "dmp-test"},
                                                       {"enable.auto.commit", "false"},
                                                       {"enable.partition.eof", "true"},
                                                       {"auto.offset.reset", "earliest"}});
  const int partitions = partitions_of(client, topic);
  rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(all, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(client, all);
  rd_kafka_topic_partition_list_destroy(all);
  std::vector<StoredRecord> records;
  std::set<std::int32_t> ended;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  // Every partition to its end, once: then nothing more is there than what was stored before.
  while ((ended.size() < static_cast<std::size_t>(partitions) || records.size() < count) &&
         std::chrono::steady_clock::now() < deadline) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(client, 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) records.push_back(copy_of(*message, topic));
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ended.insert(message->partition);
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
  return records;
}

}  // namespace dmp::bridge
