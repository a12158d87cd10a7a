#include "tests/bench/stored_load.h"

#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "bridge/adapters/kafka_handles.h"
#include "schema/topics.h"

namespace dmp::bench {
namespace {

using bridge::KafkaMessage;
using bridge::KafkaPartitions;
using bridge::KafkaTopic;

constexpr int kPatienceMs = 30'000;

using Consumer = std::unique_ptr<rd_kafka_t, bridge::KafkaDelete<rd_kafka_destroy>>;

Result<Consumer> open(const std::string& brokers) {
  auto conf = bridge::make_kafka_conf({{"bootstrap.servers", brokers},
                                       {"group.id", "dmp-bench-bridge"},
                                       {"enable.auto.commit", "false"},
                                       {"enable.partition.eof", "true"}});
  if (!conf) return tl::unexpected(conf.error());
  auto client = bridge::make_kafka_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return tl::unexpected(client.error());
  rd_kafka_poll_set_consumer(*client);
  return Consumer(*client);
}

// All partitions from their beginning; how many.
Result<int> assign(rd_kafka_t* client, const std::string& name) {
  const KafkaTopic topic(rd_kafka_topic_new(client, name.c_str(), nullptr));
  const rd_kafka_metadata_t* found = nullptr;
  if (rd_kafka_metadata(client, 0, topic.get(), &found, kPatienceMs) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return fail("kafka", "no metadata of " + name);
  }
  const int count = found->topic_cnt == 1 ? found->topics[0].partition_cnt : 0;
  rd_kafka_metadata_destroy(found);
  const KafkaPartitions all(rd_kafka_topic_partition_list_new(count));
  for (int i = 0; i < count; ++i) {
    rd_kafka_topic_partition_list_add(all.get(), name.c_str(), i)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(client, all.get());
  return count;
}

class Tally {
 public:
  explicit Tally(const PublishLoad& load)
      : load_(load), seen_(static_cast<std::size_t>(load.from + load.messages)) {}

  void add(std::string_view key, std::string_view payload) {
    std::int64_t number = 0;
    std::from_chars(payload.data(), payload.data() + payload.size(), number);
    const auto at = static_cast<std::size_t>(number);
    if (at >= seen_.size() || key != topic_of(load_, number)) return;  // another load's
    if (seen_[at]) {
      ++found_.duplicates;
      return;
    }
    seen_[at] = true;
    std::int64_t& newest = newest_.try_emplace(std::string(key), -1).first->second;
    if (number < newest) ++found_.order_breaks;
    newest = std::max(newest, number);
  }

  StoredLoad result() {
    for (const bool seen : seen_) found_.lost += seen ? 0 : 1;
    return found_;
  }

 private:
  const PublishLoad& load_;
  std::vector<bool> seen_;
  std::map<std::string, std::int64_t> newest_;  // by key
  StoredLoad found_;
};

}  // namespace

Result<StoredLoad> look_up(const std::string& brokers, const PublishLoad& load) {
  const auto client = open(brokers);
  if (!client) return tl::unexpected(client.error());
  const auto partitions = assign(client->get(), std::string(kafka::kDeviceUpdates));
  if (!partitions) return tl::unexpected(partitions.error());
  Tally tally(load);
  for (int ends = 0; ends < *partitions;) {
    const KafkaMessage message(rd_kafka_consumer_poll(client->get(), kPatienceMs));
    if (!message) return fail("kafka", "a partition has no end");
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ++ends;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    tally.add({static_cast<const char*>(message->key), message->key_len},
              {static_cast<const char*>(message->payload), message->len});
  }
  rd_kafka_consumer_close(client->get());
  return tally.result();
}

}  // namespace dmp::bench
