#include "registry/adapters/kafka_dead_letters.h"

#include <array>
#include <atomic>
#include <chrono>

#include "registry/adapters/kafka_produce.h"
#include "schema/topics.h"

namespace dmp::registry {
namespace {

// librdkafka reports every letter within the message timeout; the margin is for its scheduling.
constexpr const char* kMessageTimeoutMs = "3000";
constexpr std::chrono::milliseconds kPatience{5000};
constexpr std::size_t kReasonBytesMax = 1024;
// With what is added, a record as large as Kafka takes would be too large to be kept, and its lane
// would wait for ever. The source topic still has all of it.
constexpr std::size_t kValueBytesMax = 256 * 1024;
constexpr std::size_t kKeyBytesMax = 4 * 1024;
constexpr std::size_t kHeaderBytesMax = 64 * 1024;  // of the record's own

// One call of put. Reports may come after it gave up waiting, so every report owns a share.
struct Delivery {
  std::atomic<std::size_t> open{0};
  std::atomic<int> problem{RD_KAFKA_RESP_ERR_NO_ERROR};
};

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  const std::unique_ptr<std::shared_ptr<Delivery>> share(
      static_cast<std::shared_ptr<Delivery>*>(message->_private));
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) (*share)->problem = message->err;
  --(*share)->open;
}

KafkaHeaders headers_of(const DeadLetter& letter) {
  const Record& record = letter.record;
  KafkaHeaders headers(rd_kafka_headers_new(record.headers.size() + 8));
  std::size_t left = kHeaderBytesMax;
  for (const Header& header : record.headers) {
    const std::size_t bytes = header.name.size() + header.value.size();
    if (bytes > left) break;
    left -= bytes;
    add_header(headers, header.name, header.value);
  }
  if (record.value.size() > kValueBytesMax) {
    add_header(headers, kafka::kPayloadBytes, std::to_string(record.value.size()));
  }
  const std::string partition = std::to_string(record.partition.number);
  const std::string offset = std::to_string(record.offset);
  add_header(headers, kafka::kReasonCode, letter.code);
  add_header(headers, kafka::kReason, std::string_view(letter.reason).substr(0, kReasonBytesMax));
  add_header(headers, kafka::kRefusedBy, "registry");
  add_header(headers, kafka::kSourceTopic, record.partition.topic);
  add_header(headers, kafka::kSourcePartition, partition);
  add_header(headers, kafka::kSourceOffset, offset);
  if (!letter.sqlstate.empty()) add_header(headers, kafka::kSqlState, letter.sqlstate);
  return headers;
}

Status send(rd_kafka_t* client, const DeadLetter& letter,
            const std::shared_ptr<Delivery>& delivery) {
  const std::string topic(kafka::kDeadLetters);
  KafkaHeaders headers = headers_of(letter);
  auto share = std::make_unique<std::shared_ptr<Delivery>>(delivery);
  ++delivery->open;  // before: another thread may poll the report at once
  const KafkaError error =
      produce(client, topic, letter.record.key.substr(0, kKeyBytesMax),
              letter.record.value.substr(0, kValueBytesMax), headers, share.get());
  if (error) {
    --delivery->open;
    return fail("kafka", topic + ": " + rd_kafka_error_string(error.get()), Retry::kYes);
  }
  static_cast<void>(share.release());  // the library's until the delivery report
  return {};
}

}  // namespace

Result<std::unique_ptr<DeadLetters>> KafkaDeadLetters::make(const std::string& brokers) {
  // Not idempotent: that would add fatal errors, after which this producer never sends again, and a
  // letter that is there twice harms nobody.
  const std::array<KafkaSetting, 8> settings = {{
      {"bootstrap.servers", brokers},
      {"client.id", "dmp-registry-dead-letters"},
      {"acks", "all"},
      {"partitioner", "murmur2_random"},
      {"message.timeout.ms", kMessageTimeoutMs},
      {"queue.buffering.max.kbytes", std::to_string(kQueuedKibMax)},
      {"linger.ms", "5"},
      {"socket.keepalive.enable", "true"},
  }};
  KafkaConf conf(rd_kafka_conf_new());
  if (auto status = set_all(conf.get(), settings); !status) return tl::unexpected(status.error());
  rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  auto client = make_client(RD_KAFKA_PRODUCER, std::move(conf));
  if (!client) return tl::unexpected(client.error());
  return std::unique_ptr<DeadLetters>(new KafkaDeadLetters(std::move(*client)));
}

KafkaDeadLetters::~KafkaDeadLetters() {
  // Whoever put letters has its answer; what is left must still be reported to free its share.
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(client_.get(), 1000);
}

Status KafkaDeadLetters::put(const std::vector<DeadLetter>& letters) {
  const auto delivery = std::make_shared<Delivery>();
  for (const DeadLetter& letter : letters) {
    if (auto status = send(client_.get(), letter, delivery); !status) return status;
  }
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (delivery->open > 0 && std::chrono::steady_clock::now() < deadline) {
    rd_kafka_poll(client_.get(), 50);
  }
  const auto problem = static_cast<rd_kafka_resp_err_t>(delivery->problem.load());
  if (delivery->open == 0 && problem == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const std::string why =
      problem == RD_KAFKA_RESP_ERR_NO_ERROR ? "no answer in time" : rd_kafka_err2str(problem);
  return fail("kafka", std::string(kafka::kDeadLetters) + ": " + why, Retry::kYes);
}

}  // namespace dmp::registry
