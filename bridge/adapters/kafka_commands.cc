#include "bridge/adapters/kafka_commands.h"

#include <charconv>
#include <utility>

#include "base/backoff.h"
#include "base/log.h"
#include "bridge/adapters/kafka_handles.h"
#include "schema/topics.h"

namespace dmp::bridge {
namespace {

constexpr int kPollMs = 100;
constexpr int kMetadataMs = 1000;
constexpr std::chrono::seconds kCommitEvery{1};
constexpr std::chrono::milliseconds kLastCommitPatience{500};
constexpr BackoffLimits kRetry{.first = std::chrono::milliseconds(200),
                               .most = std::chrono::milliseconds(2000)};

std::string header(const rd_kafka_headers_t* headers, std::string_view name) {
  const void* value = nullptr;
  std::size_t size = 0;
  if (rd_kafka_header_get_last(headers, name.data(), &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return "";
  }
  return {static_cast<const char*>(value), size};
}

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Command command_of(const rd_kafka_message_t& message) {
  Command command;
  command.partition = message.partition;
  command.offset = message.offset;
  command.topic.assign(static_cast<const char*>(message.key), message.key_len);
  command.payload.assign(static_cast<const char*>(message.payload), message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    command.bridge = header(headers, kafka::kBridge);
    command.expires_at = number(header(headers, kafka::kExpiresAt));
  }
  return command;
}

}  // namespace

// One consumer, from its start at the committed offsets, or at `from`, to its end.
class KafkaCommands::Consumer {
 public:
  static Result<std::unique_ptr<Consumer>> open(const KafkaCommandsOptions& options,
                                                const Offsets& from);
  // Without leaving a group it is no member of: that would wait for a coordinator.
  ~Consumer() {
    if (client_ != nullptr) rd_kafka_destroy_flags(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // Nothing: no message came within `patience_ms`.
  Result<std::optional<Command>> poll(int patience_ms);
  void commit(const Offsets& offsets);
  // Waits a little for the answers to what was committed.
  void settle();

 private:
  explicit Consumer(std::string topic) : topic_(std::move(topic)) {}
  [[nodiscard]] Result<int> partitions() const;
  Status assign(const Offsets& from);
  static void on_commit(rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t*,
                        void* self);

  const std::string topic_;
  rd_kafka_t* client_ = nullptr;
  int commits_under_way_ = 0;
};

Result<std::unique_ptr<KafkaCommands::Consumer>> KafkaCommands::Consumer::open(
    const KafkaCommandsOptions& options, const Offsets& from) {
  auto conf = make_kafka_conf({{"bootstrap.servers", options.brokers},
                               {"client.id", options.client_id},
                               {"group.id", options.group},
                               {"enable.auto.commit", "false"},
                               {"enable.auto.offset.store", "false"},
                               // A bridge that never read must not miss what was sent before.
                               {"auto.offset.reset", "earliest"},
                               {"queued.max.messages.kbytes", "256"},
                               {"fetch.message.max.bytes", "131072"},
                               {"socket.nagle.disable", "true"},
                               {"reconnect.backoff.ms", "100"},
                               {"reconnect.backoff.max.ms", "2000"},
                               {"log.connection.close", "false"}});
  if (!conf) return tl::unexpected(conf.error());
  std::unique_ptr<Consumer> consumer(new Consumer(options.topic));
  rd_kafka_conf_set_opaque(conf->get(), consumer.get());
  rd_kafka_conf_set_offset_commit_cb(conf->get(), on_commit);
  const auto client = make_kafka_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return tl::unexpected(client.error());
  consumer->client_ = *client;
  rd_kafka_poll_set_consumer(consumer->client_);
  if (auto status = consumer->assign(from); !status) return tl::unexpected(status.error());
  return consumer;
}

Result<int> KafkaCommands::Consumer::partitions() const {
  const KafkaTopic topic(rd_kafka_topic_new(client_, topic_.c_str(), nullptr));
  const rd_kafka_metadata_t* found = nullptr;
  const rd_kafka_resp_err_t code = rd_kafka_metadata(client_, 0, topic.get(), &found, kMetadataMs);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return fail("kafka_failed", std::string("metadata: ") + rd_kafka_err2str(code), Retry::kYes);
  }
  const int count = found->topic_cnt == 1 ? found->topics[0].partition_cnt : 0;
  rd_kafka_metadata_destroy(found);
  if (count == 0) return fail("no_topic", "topic " + topic_ + " does not exist", Retry::kYes);
  return count;
}

Status KafkaCommands::Consumer::assign(const Offsets& from) {
  const auto count = partitions();
  if (!count) return tl::unexpected(count.error());
  const KafkaPartitions all(rd_kafka_topic_partition_list_new(*count));
  for (int i = 0; i < *count; ++i) {
    const auto place = from.find(i);
    rd_kafka_topic_partition_list_add(all.get(), topic_.c_str(), i)->offset =
        place == from.end() ? RD_KAFKA_OFFSET_STORED : place->second;
  }
  const rd_kafka_resp_err_t code = rd_kafka_assign(client_, all.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return fail("kafka_failed", std::string("assign: ") + rd_kafka_err2str(code), Retry::kYes);
}

Result<std::optional<Command>> KafkaCommands::Consumer::poll(int patience_ms) {
  const KafkaMessage message(rd_kafka_consumer_poll(client_, patience_ms));
  if (!message) return std::nullopt;
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return command_of(*message);
  const std::string text = rd_kafka_message_errstr(message.get());
  // What Kafka answers is told when the library has given up: that nobody could say what was done
  // (its place for that is being made) it says once, and asks no more. Of its own errors, which are
  // negative, it goes on trying all but these.
  const bool is_final = message->err > RD_KAFKA_RESP_ERR_NO_ERROR ||
                        message->err == RD_KAFKA_RESP_ERR__FATAL ||
                        message->err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                        message->err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
  if (is_final) return fail("kafka_failed", text, Retry::kYes);
  log_debug("kafka_commands", {{"error", text}});
  return std::nullopt;
}

void KafkaCommands::Consumer::commit(const Offsets& offsets) {
  if (offsets.empty()) return;
  const KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const auto& [partition, next] : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)->offset = next;
  }
  if (rd_kafka_commit(client_, list.get(), 1) == RD_KAFKA_RESP_ERR_NO_ERROR) ++commits_under_way_;
}

void KafkaCommands::Consumer::settle() {
  const auto deadline = std::chrono::steady_clock::now() + kLastCommitPatience;
  while (commits_under_way_ > 0 && std::chrono::steady_clock::now() < deadline) {
    const KafkaMessage dropped(rd_kafka_consumer_poll(client_, kPollMs));  // it comes again
  }
}

// What was not kept comes again: duplicates, which the agents know.
void KafkaCommands::Consumer::on_commit(rd_kafka_t*, rd_kafka_resp_err_t code,
                                        rd_kafka_topic_partition_list_t*, void* self) {
  --static_cast<Consumer*>(self)->commits_under_way_;
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  log_warning("commands_not_committed", {{"error", rd_kafka_err2str(code)}});
}

KafkaCommands::KafkaCommands(KafkaCommandsOptions options, Wake& wake)
    : options_(std::move(options)), wake_(wake) {}

KafkaCommands::~KafkaCommands() { stop(); }

void KafkaCommands::run() {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void KafkaCommands::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void KafkaCommands::begin() {
  {
    const std::lock_guard lock(mutex_);
    reading_ = ++begun_;
    waiting_.clear();
  }
  changed_.notify_all();
}

void KafkaCommands::end() {
  {
    const std::lock_guard lock(mutex_);
    reading_ = 0;
    waiting_.clear();
  }
  changed_.notify_all();
}

std::optional<Command> KafkaCommands::take() {
  std::optional<Command> command;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return std::nullopt;
    command = std::move(waiting_.front());
    waiting_.pop_front();
  }
  changed_.notify_all();
  return command;
}

void KafkaCommands::done(std::int32_t partition, std::int64_t next) {
  const std::lock_guard lock(mutex_);
  done_[partition] = next;
}

std::string KafkaCommands::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void KafkaCommands::set_trouble(std::string trouble) {
  const std::lock_guard lock(mutex_);
  if (!trouble.empty() && trouble != trouble_) {
    log_warning("commands_not_read", {{"reason", trouble}});
  }
  trouble_ = std::move(trouble);
}

KafkaCommands::Offsets KafkaCommands::take_done() {
  const std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

void KafkaCommands::work(const std::stop_token& stop) {
  Backoff retry(kRetry, std::hash<std::string>()(options_.group));
  Offsets given;
  std::uint64_t given_to = 0;
  while (!stop.stop_requested()) {
    std::uint64_t reading = 0;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return reading_ != 0; })) return;
      reading = reading_;
    }
    // A consumer that failed has a successor that goes on where it ended: what it gave is not done,
    // but under way.
    if (std::exchange(given_to, reading) != reading) given.clear();
    bool good = false;
    if (auto consumer = Consumer::open(options_, given); !consumer) {
      set_trouble(consumer.error().message);
    } else {
      set_trouble("");
      retry.reset();
      good = read(**consumer, reading, stop, given);
      (*consumer)->commit(take_done());
      (*consumer)->settle();
    }
    if (good) continue;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, retry.next(), [&] { return reading_ != reading; });
  }
}

bool KafkaCommands::read(Consumer& consumer, std::uint64_t reading, const std::stop_token& stop,
                         Offsets& given) {
  auto next_commit = std::chrono::steady_clock::now() + kCommitEvery;
  for (;;) {
    auto command = consumer.poll(kPollMs);
    if (!command) {
      set_trouble(command.error().message);
      return false;
    }
    if (*command) {
      given[(*command)->partition] = (*command)->offset + 1;
      if (!put(std::move(**command), reading, stop)) return true;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_commit) {
      consumer.commit(take_done());
      next_commit = now + kCommitEvery;
    }
    const std::lock_guard lock(mutex_);
    if (stop.stop_requested() || reading_ != reading) return true;
  }
}

// Waits for room. False: nobody wants it any more.
bool KafkaCommands::put(Command command, std::uint64_t reading, const std::stop_token& stop) {
  {
    std::unique_lock lock(mutex_);
    const bool woken = changed_.wait(
        lock, stop, [&] { return reading_ != reading || waiting_.size() < kWaitingMax; });
    if (!woken || reading_ != reading) return false;
    waiting_.push_back(std::move(command));
  }
  wake_.notify();
  return true;
}

}  // namespace dmp::bridge
