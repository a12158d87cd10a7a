#include "tests/bench/baseline.h"

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/stop.h"
#include "registry/adapters/kafka_handles.h"
#include "registry/adapters/pqxx_store.h"
#include "registry/core/fold.h"
#include "schema/topics.h"

namespace dmp::bench {
namespace {

using registry::KafkaMessage;
using registry::KafkaPartitions;

constexpr int kPollMs = 100;
constexpr std::chrono::milliseconds kStoreAgain{100};  // a database that is away

class Baseline {
 public:
  Baseline(rd_kafka_t* client, const std::string& database, Metrics& metrics)
      : client_(client),
        store_(database),
        queued_(metrics.gauge("dmp_baseline_queued_records", "In the unbounded queue")),
        stored_(metrics.counter("dmp_baseline_stored_total", "Records stored")),
        commits_(metrics.counter("dmp_baseline_commits_total", "Offset commit requests")) {}

  void run(const std::stop_token& stop) {
    const std::jthread worker([this, &stop] { work(stop); });
    while (!stop.stop_requested()) {
      KafkaMessage message(rd_kafka_consumer_poll(client_, kPollMs));
      if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(message));
      queued_.set(static_cast<double>(queue_.size()));
      came_.notify_one();
    }
  }

 private:
  void work(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      KafkaMessage message;
      {
        std::unique_lock lock(mutex_);
        if (!came_.wait(lock, stop, [this] { return !queue_.empty(); })) return;
        message = std::move(queue_.front());
        queue_.pop_front();
        queued_.set(static_cast<double>(queue_.size()));
      }
      while (!store(*message)) {
        if (stopped_within(stop, kStoreAgain)) return;
      }
      commit(*message);
    }
  }

  bool store(const rd_kafka_message_t& message) {
    registry::Record record;
    record.partition = {kafka::kDeviceUpdates, message.partition};
    record.offset = message.offset;
    record.key.assign(static_cast<const char*>(message.key), message.key_len);
    record.value.assign(static_cast<const char*>(message.payload), message.len);
    record.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
    const auto news = registry::decode_record(record);
    if (!news) return true;
    registry::Fold fold;
    fold.add(*news);
    if (!store_.write(fold.take())) return false;
    stored_.add();
    return true;
  }

  void commit(const rd_kafka_message_t& message) {
    const KafkaPartitions list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), rd_kafka_topic_name(message.rkt),
                                      message.partition)
        ->offset = message.offset + 1;
    rd_kafka_commit(client_, list.get(), 1);
    commits_.add();
  }

  rd_kafka_t* client_;
  registry::PqxxStore store_;
  Gauge queued_;
  Counter stored_;
  Counter commits_;
  std::mutex mutex_;
  std::condition_variable_any came_;
  std::deque<KafkaMessage> queue_;  // of no bound: that is the point
};

}  // namespace

Status run_baseline(const std::string& brokers, const std::string& group,
                    const std::string& database, Metrics& metrics, const std::stop_token& stop) {
  const std::array<registry::KafkaSetting, 4> settings = {{{"bootstrap.servers", brokers},
                                                           {"group.id", group},
                                                           {"enable.auto.commit", "false"},
                                                           {"auto.offset.reset", "earliest"}}};
  registry::KafkaConf conf(rd_kafka_conf_new());
  if (auto status = registry::set_all(conf.get(), settings); !status) return status;
  auto client = registry::make_client(RD_KAFKA_CONSUMER, std::move(conf));
  if (!client) return tl::unexpected(client.error());
  rd_kafka_poll_set_consumer(client->get());
  const KafkaPartitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), std::string(kafka::kDeviceUpdates).c_str(),
                                    RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(client->get(), topics.get());
  {
    Baseline baseline(client->get(), database, metrics);
    baseline.run(stop);
  }
  rd_kafka_consumer_close(client->get());
  return {};
}

}  // namespace dmp::bench
