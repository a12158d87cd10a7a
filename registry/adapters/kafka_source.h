// KafkaSource: a member of a consumer group, by librdkafka.
//
// Partitions come and go as a whole (eager range assignment; the cooperative one of librdkafka
// 2.0.2 loses assignments). Nothing is ever paused or resumed: that purges and rewinds. A partition
// fetches on its own until its queue is full, and goes on as its lane takes.
// poll, commit, close: loop thread. take, end, flow, trouble: thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "registry/adapters/kafka_ends.h"
#include "registry/adapters/kafka_lane_queue.h"
#include "registry/core/lane_share.h"
#include "registry/ports.h"

namespace dmp::registry {

struct KafkaSourceOptions {
  std::string brokers;
  std::string group = "dmp-registry";
  std::string instance;  // static member; empty: a dynamic one
  LaneShare share;
  std::vector<std::string_view> topics = {kafka::kDeviceUpdates, kafka::kAgents};
  // Bounds of one partition's fetched records. A fetch that is under way may add its own size.
  std::int64_t queued_records_max = 2000;
  std::int64_t queued_kib_max = 256;
  std::int64_t fetch_kib_max = 128;
  std::int64_t session_timeout_ms = 15000;
};

// What fetched records of so many partitions take at most, in bytes.
std::int64_t fetched_bytes_max(const KafkaSourceOptions& options, std::size_t partitions);

class KafkaSource final : public RecordSource {
 public:
  static Result<std::unique_ptr<RecordSource>> make(const KafkaSourceOptions& options,
                                                    AssignmentListener& listener);
  ~KafkaSource() override;

  Status poll(std::chrono::milliseconds patience) override;
  void commit(const std::vector<PartitionOffset>& offsets) override;
  void close() override;
  [[nodiscard]] std::string trouble() const override;
  std::vector<Record> take(std::size_t lane, Credit credit,
                           std::chrono::milliseconds patience) override;
  [[nodiscard]] std::optional<std::int64_t> end(const Partition& partition) const override;
  [[nodiscard]] Flow flow() const override;

 private:
  KafkaSource(const KafkaSourceOptions& options, AssignmentListener& listener);

  Status connect();
  void ask_for_more(const std::vector<Record>& records);
  void look_up_again();
  void assign(rd_kafka_topic_partition_list_t& partitions);
  void revoke();
  void commit_now(const std::vector<PartitionOffset>& offsets);
  Partition partition_of(const rd_kafka_topic_partition_t& entry) const;
  KafkaPartitions list_of(const std::vector<PartitionOffset>& offsets) const;

  static void on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t code,
                           rd_kafka_topic_partition_list_t* partitions, void* self);
  static void on_commit(rd_kafka_t* client, rd_kafka_resp_err_t code,
                        rd_kafka_topic_partition_list_t* partitions, void* self);
  static void on_error(rd_kafka_t* client, int code, const char* reason, void* self);
  static int on_statistics(rd_kafka_t* client, char* json, std::size_t size, void* self);

  const KafkaSourceOptions options_;
  AssignmentListener& listener_;
  std::vector<std::unique_ptr<KafkaLaneQueue>> lanes_;
  KafkaClient client_;
  KafkaEnds ends_;
  bool closed_ = false;
  std::string fatal_;
  std::vector<PartitionOffset> unplaced_;  // assigned, but Kafka did not say where they begin
  std::chrono::steady_clock::time_point next_look_up_;
  // When the commits were asked that Kafka has not answered, oldest first; answers keep the order.
  std::deque<std::chrono::steady_clock::time_point> asked_;
  std::atomic<std::int64_t> last_asked_{0};

  mutable std::mutex mutex_;
  // Protected by mutex_.
  std::string trouble_;
  Flow flow_;
};

}  // namespace dmp::registry
