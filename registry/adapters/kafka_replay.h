// KafkaReplay: the topics from their beginning to where they ended when it was made, by librdkafka.
//
// Assigns itself all partitions: it is in no consumer group and commits nothing.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "registry/adapters/kafka_handles.h"
#include "registry/verify.h"
#include "schema/topics.h"

namespace dmp::registry {

struct KafkaReplayOptions {
  std::string brokers;
  std::string group = "dmp-registry";  // a name the broker lets this program use; never joined
  // The first names device updates, the second what agents say.
  std::vector<std::string> topics = {std::string(kafka::kDeviceUpdates),
                                     std::string(kafka::kAgents)};
};

class KafkaReplay final : public Replay {
 public:
  static Result<std::unique_ptr<Replay>> make(const KafkaReplayOptions& options);
  ~KafkaReplay() override;

  Result<std::vector<Record>> next(Credit credit) override;

 private:
  explicit KafkaReplay(const KafkaReplayOptions& options) : options_(options) {}

  Status connect();
  Status add_partitions(const std::string& topic, rd_kafka_topic_partition_list_t& list);
  void finish(const Partition& partition) { ends_.erase(partition); }
  [[nodiscard]] Partition partition_of(const rd_kafka_message_t& message) const;

  const KafkaReplayOptions options_;
  KafkaClient client_;
  std::map<Partition, std::int64_t> ends_;  // of those not read to their end
};

}  // namespace dmp::registry
