#include "registry/adapters/kafka_source.h"

#include <algorithm>
#include <array>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "registry/adapters/kafka_fatal.h"
#include "registry/adapters/kafka_starts.h"
#include "registry/adapters/kafka_statistics.h"

namespace dmp::registry {
namespace {

constexpr std::chrono::milliseconds kLookUpEvery{2000};
constexpr std::chrono::milliseconds kCommitPatience{1500};
constexpr std::chrono::milliseconds kClosePatience{1500};
constexpr std::chrono::milliseconds kAskEvery{10};
constexpr std::size_t kCommitsAskedMax = 1000;  // whose latency is still waited for
// What librdkafka keeps per fetched message besides its payload (measured).
constexpr std::int64_t kMessageOverheadBytes = 320;

std::string text_of(rd_kafka_resp_err_t code) { return rd_kafka_err2str(code); }

}  // namespace

std::int64_t fetched_bytes_max(const KafkaSourceOptions& options, std::size_t partitions) {
  return static_cast<std::int64_t>(partitions) *
         ((options.queued_kib_max + options.fetch_kib_max) * 1024 +
          options.queued_records_max * kMessageOverheadBytes);
}

Result<std::unique_ptr<RecordSource>> KafkaSource::make(const KafkaSourceOptions& options,
                                                        AssignmentListener& listener) {
  std::unique_ptr<KafkaSource> source(new KafkaSource(options, listener));
  if (auto status = source->connect(); !status) return tl::unexpected(status.error());
  return source;
}

KafkaSource::KafkaSource(const KafkaSourceOptions& options, AssignmentListener& listener)
    : options_(options), listener_(listener) {
  for (std::size_t lane = 0; lane < options.share.count(); ++lane) {
    lanes_.push_back(std::make_unique<KafkaLaneQueue>());
  }
}

KafkaSource::~KafkaSource() {
  if (!client_) return;
  close();
  if (rd_kafka_consumer_closed(client_.get()) != 0) return;
  // With the coordinator away, destroying waits as long as a group session for commits that it was
  // asked for. Nobody needs to wait for that: no callback is served any more.
  rd_kafka_set_log_level(client_.get(), 0);
  std::thread([client = client_.release()] {
    rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }).detach();
}

Status KafkaSource::connect() {
  const auto number = [](std::int64_t value) { return std::to_string(value); };
  const std::array<KafkaSetting, 23> settings = {{
      {"bootstrap.servers", options_.brokers},
      {"client.id", "dmp-registry"},
      {"group.id", options_.group},
      {"partition.assignment.strategy", "range,roundrobin"},
      {"session.timeout.ms", number(options_.session_timeout_ms)},
      {"heartbeat.interval.ms", number(options_.session_timeout_ms / 5)},
      {"max.poll.interval.ms", "300000"},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "earliest"},  // replay is harmless, skipping is not
      {"isolation.level", "read_committed"},
      {"queued.min.messages", number(options_.queued_records_max)},
      {"queued.max.messages.kbytes", number(options_.queued_kib_max)},
      // One request per broker is under way, for all its partitions. Answered at the first byte, it
      // would be a reply for every record, which costs more than the record. So it waits until
      // there is something worth a reply, though nothing waits longer than can be noticed.
      {"fetch.min.bytes", "65536"},
      {"fetch.wait.max.ms", "15"},
      {"fetch.message.max.bytes", number(options_.fetch_kib_max * 1024)},
      {"fetch.max.bytes", "8388608"},
      {"receive.message.max.bytes", "16777216"},
      {"check.crcs", "true"},
      {"socket.keepalive.enable", "true"},
      {"socket.nagle.disable", "true"},
      {"reconnect.backoff.max.ms", "2000"},
      {"statistics.interval.ms", "1000"},
  }};
  KafkaConf conf(rd_kafka_conf_new());
  if (auto status = set_all(conf.get(), settings); !status) return status;
  if (!options_.instance.empty()) {
    const std::array<KafkaSetting, 1> member = {{{"group.instance.id", options_.instance}}};
    if (auto status = set_all(conf.get(), member); !status) return status;
  }
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
  rd_kafka_conf_set_offset_commit_cb(conf.get(), on_commit);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  rd_kafka_conf_set_stats_cb(conf.get(), on_statistics);
  auto client = make_client(RD_KAFKA_CONSUMER, std::move(conf));
  if (!client) return tl::unexpected(client.error());
  client_ = std::move(*client);
  rd_kafka_poll_set_consumer(client_.get());
  const KafkaPartitions topics(
      rd_kafka_topic_partition_list_new(static_cast<int>(options_.topics.size())));
  for (const std::string_view topic : options_.topics) {
    rd_kafka_topic_partition_list_add(topics.get(), std::string(topic).c_str(),
                                      RD_KAFKA_PARTITION_UA);
  }
  const auto code = rd_kafka_subscribe(client_.get(), topics.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return fail("kafka", "subscribe: " + text_of(code));
  return {};
}

Status KafkaSource::poll(std::chrono::milliseconds patience) {
  const KafkaMessage message(
      rd_kafka_consumer_poll(client_.get(), static_cast<int>(patience.count())));
  // Records come through the lanes' queues; here come only the consumer's own errors.
  if (message && message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    log_warning("consumer_error", {{"error", rd_kafka_message_errstr(message.get())}});
    std::lock_guard lock(mutex_);
    trouble_ = std::string("Kafka: ") + rd_kafka_message_errstr(message.get());
  }
  // A fatal error is told once, as a message or to the error callback; the client remembers it.
  char why[512];
  const auto code = rd_kafka_fatal_error(client_.get(), why, sizeof why);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) fatal_ = text_of_fatal(code, why, options_.instance);
  if (!fatal_.empty()) return fail("kafka_fatal", fatal_, Retry::kYes);
  look_up_again();
  if (trouble().empty()) ends_.look(client_.get());
  return {};
}

void KafkaSource::look_up_again() {
  const auto now = std::chrono::steady_clock::now();
  if (unplaced_.empty() || now < next_look_up_) return;
  const KafkaPartitions list = list_of(unplaced_);
  const auto found = look_up_starts(client_.get(), *list);
  unplaced_.clear();
  std::vector<AssignmentListener::Start> starts;
  for (int i = 0; i < list->cnt; ++i) {
    const auto& entry = list->elems[i];
    const KafkaStart& start = found[static_cast<std::size_t>(i)];
    if (start.is_known) {
      starts.push_back({partition_of(entry), entry.offset, start.expired});
    } else {
      unplaced_.push_back({partition_of(entry), RD_KAFKA_OFFSET_INVALID});
    }
  }
  next_look_up_ = std::chrono::steady_clock::now() + kLookUpEvery;
  listener_.located(starts);
}

void KafkaSource::commit(const std::vector<PartitionOffset>& offsets) {
  const KafkaPartitions list = list_of(offsets);
  const auto code = rd_kafka_commit(client_.get(), list.get(), 1);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (asked_.size() < kCommitsAskedMax) asked_.push_back(std::chrono::steady_clock::now());
    return;
  }
  log_warning("commit_failed", {{"error", text_of(code)}});
  listener_.commit_failed(offsets);
}

// rd_kafka_commit without `async` may block for minutes while the coordinator is away; an answer
// through a queue of its own can be waited for with a bound.
void KafkaSource::commit_now(const std::vector<PartitionOffset>& offsets) {
  if (offsets.empty()) return;
  const KafkaPartitions list = list_of(offsets);
  const KafkaQueue answers(rd_kafka_queue_new(client_.get()));
  const auto begin = std::chrono::steady_clock::now();
  auto code = rd_kafka_commit_queue(client_.get(), list.get(), answers.get(), nullptr, nullptr);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const KafkaEvent answer(
        rd_kafka_queue_poll(answers.get(), static_cast<int>(kCommitPatience.count())));
    code = answer ? rd_kafka_event_error(answer.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
  }
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    return listener_.commit_answered(std::chrono::steady_clock::now() - begin);
  }
  log_warning("commit_failed", {{"error", text_of(code)},
                                {"effect",
                                 "these records come again; storing them again is "
                                 "harmless"}});
}

void KafkaSource::close() {
  if (closed_ || !client_) return;
  closed_ = true;
  // Here, not in the callback: with the group's coordinator away there is none.
  commit_now(listener_.revoked());
  for (const auto& lane : lanes_) lane->clear();
  // Leaving waits as long as a group session for a coordinator that is away, and once begun it
  // cannot be called off.
  if (!trouble().empty()) return;
  const KafkaQueue events(rd_kafka_queue_new(client_.get()));
  const KafkaError error(rd_kafka_consumer_close_queue(client_.get(), events.get()));
  const auto deadline = std::chrono::steady_clock::now() + kClosePatience;
  while (!error && rd_kafka_consumer_closed(client_.get()) == 0 &&
         std::chrono::steady_clock::now() < deadline) {
    rd_kafka_queue_poll_callback(events.get(), 100);
  }
}

std::string KafkaSource::trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

std::vector<Record> KafkaSource::take(std::size_t lane, Credit credit,
                                      std::chrono::milliseconds patience) {
  auto records = lanes_[lane]->take(credit, patience);
  for (const Record& record : records) credit.spend(record.bytes());
  if (credit.left()) ask_for_more(records);
  return records;
}

// The lane's queues are empty now. A broker thread of librdkafka 2.0.2 that found them full sleeps
// up to a second before it looks again, and draining does not wake it; any request to the broker
// does. The answer is not waited for.
void KafkaSource::ask_for_more(const std::vector<Record>& records) {
  for (const Record& record : records) {
    const auto end_offset = end(record.partition);
    if (!end_offset || record.offset + static_cast<std::int64_t>(records.size()) >= *end_offset) {
      continue;
    }
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    auto last = last_asked_.load();
    const auto apart = std::chrono::steady_clock::duration(kAskEvery).count();
    if (now - last < apart || !last_asked_.compare_exchange_strong(last, now)) return;
    std::int64_t low = 0;
    std::int64_t high = 0;
    rd_kafka_query_watermark_offsets(client_.get(), std::string(record.partition.topic).c_str(),
                                     record.partition.number, &low, &high, 1);
    return;
  }
}

std::optional<std::int64_t> KafkaSource::end(const Partition& partition) const {
  return ends_.of(client_.get(), partition);
}

Flow KafkaSource::flow() const {
  std::lock_guard lock(mutex_);
  return flow_;
}

Partition KafkaSource::partition_of(const rd_kafka_topic_partition_t& entry) const {
  for (const std::string_view topic : options_.topics) {
    if (topic == entry.topic) return {topic, entry.partition};
  }
  DMP_CHECK(false);  // only what was subscribed is assigned
}

KafkaPartitions KafkaSource::list_of(const std::vector<PartitionOffset>& offsets) const {
  KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const PartitionOffset& offset : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), std::string(offset.partition.topic).c_str(),
                                      offset.partition.number)
        ->offset = offset.offset;
  }
  return list;
}

void KafkaSource::assign(rd_kafka_topic_partition_list_t& partitions) {
  const auto found = look_up_starts(client_.get(), partitions);
  unplaced_.clear();
  next_look_up_ = std::chrono::steady_clock::now() + kLookUpEvery;
  std::vector<AssignmentListener::Start> starts;
  for (int i = 0; i < partitions.cnt; ++i) {
    const auto& entry = partitions.elems[i];
    const Partition partition = partition_of(entry);
    KafkaQueue queue(rd_kafka_queue_get_partition(client_.get(), entry.topic, entry.partition));
    rd_kafka_queue_forward(queue.get(), nullptr);
    lanes_[options_.share.lane_of(partition)]->add(partition, std::move(queue));
    const KafkaStart& start = found[static_cast<std::size_t>(i)];
    const auto next = start.is_known ? std::optional(entry.offset) : std::nullopt;
    starts.push_back({partition, next, start.expired});
    if (!start.is_known) unplaced_.push_back({partition, RD_KAFKA_OFFSET_INVALID});
  }
  const auto code = rd_kafka_assign(client_.get(), &partitions);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) fatal_ = "assign: " + text_of(code);
  ends_.watch(partitions);
  listener_.assigned(starts);
}

void KafkaSource::revoke() {
  unplaced_.clear();
  const auto offsets = listener_.revoked();
  // A lost assignment belongs to somebody else already.
  if (rd_kafka_assignment_lost(client_.get()) == 0) commit_now(offsets);
  for (const auto& lane : lanes_) lane->clear();
  rd_kafka_assign(client_.get(), nullptr);
  ends_.watch(*list_of({}));
}

void KafkaSource::on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t code,
                               rd_kafka_topic_partition_list_t* partitions, void* self) {
  auto& source = *static_cast<KafkaSource*>(self);
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !source.closed_) {
    source.assign(*partitions);
  } else {
    source.revoke();
  }
}

void KafkaSource::on_commit(rd_kafka_t*, rd_kafka_resp_err_t code,
                            rd_kafka_topic_partition_list_t* partitions, void* self) {
  auto& source = *static_cast<KafkaSource*>(self);
  if (!source.asked_.empty()) {
    const auto after = std::chrono::steady_clock::now() - source.asked_.front();
    source.asked_.pop_front();
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) source.listener_.commit_answered(after);
  }
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__NO_OFFSET) return;
  log_warning("commit_failed", {{"error", text_of(code)}});
  if (partitions == nullptr) return;
  std::vector<PartitionOffset> offsets;
  for (int i = 0; i < partitions->cnt; ++i) {
    offsets.push_back({source.partition_of(partitions->elems[i]), partitions->elems[i].offset});
  }
  source.listener_.commit_failed(offsets);
}

void KafkaSource::on_error(rd_kafka_t*, int, const char* reason, void*) {
  log_debug("kafka_error", {{"error", reason}});  // the log callback says the same
}

// Brokers come and go without a callback; the statistics say whether any is there.
int KafkaSource::on_statistics(rd_kafka_t*, char* json, std::size_t size, void* self) {
  auto& source = *static_cast<KafkaSource*>(self);
  auto flow = parse_statistics({json, size}, source.options_.topics);
  if (!flow) {
    log_warning("statistics_unreadable", {{"error", flow.error().message}});
    return 0;
  }
  std::lock_guard lock(source.mutex_);
  source.flow_ = std::move(*flow);
  source.trouble_ = source.flow_.any_broker
                        ? ""
                        : "Kafka down: no broker of " + source.options_.brokers + " answers";
  return 0;
}

}  // namespace dmp::registry
