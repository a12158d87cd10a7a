#include "tests/bench/updates_reader.h"

#include "schema/topics.h"

namespace dmp::bench {
namespace {

constexpr int kPatienceMs = 30'000;

Status failed(const std::string& what, rd_kafka_resp_err_t code) {
  return fail("kafka", what + ": " + rd_kafka_err2str(code));
}

}  // namespace

Result<UpdatesReader> UpdatesReader::open(const std::string& brokers, From from) {
  auto conf = bridge::make_kafka_conf({{"bootstrap.servers", brokers},
                                       {"group.id", "dmp-bench-bridge"},
                                       {"enable.auto.commit", "false"},
                                       {"enable.partition.eof", "true"}});
  if (!conf) return tl::unexpected(conf.error());
  auto client = bridge::make_kafka_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return tl::unexpected(client.error());
  UpdatesReader reader{Client(*client)};
  rd_kafka_poll_set_consumer(*client);
  if (auto status = reader.assign(from); !status) return tl::unexpected(status.error());
  return reader;
}

Status UpdatesReader::assign(From from) {
  const std::string name(kafka::kDeviceUpdates);
  const bridge::KafkaTopic topic(rd_kafka_topic_new(client_.get(), name.c_str(), nullptr));
  const rd_kafka_metadata_t* found = nullptr;
  if (const auto code = rd_kafka_metadata(client_.get(), 0, topic.get(), &found, kPatienceMs);
      code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return failed("metadata of " + name, code);
  }
  partitions_ = found->topic_cnt == 1 ? found->topics[0].partition_cnt : 0;
  rd_kafka_metadata_destroy(found);
  const bridge::KafkaPartitions all(rd_kafka_topic_partition_list_new(partitions_));
  for (int i = 0; i < partitions_; ++i) {
    std::int64_t low = 0;
    std::int64_t end = 0;
    // By number: "the end" is looked up later, when more may be there.
    if (const auto code = rd_kafka_query_watermark_offsets(client_.get(), name.c_str(), i, &low,
                                                           &end, kPatienceMs);
        code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return failed("offsets of " + name, code);
    }
    rd_kafka_topic_partition_list_add(all.get(), name.c_str(), i)->offset =
        from == From::kEnd ? end : low;
  }
  const auto code = rd_kafka_assign(client_.get(), all.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("assign " + name, code);
  return {};
}

}  // namespace dmp::bench
