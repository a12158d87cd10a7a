#include "bridge/adapters/kafka_sink.h"

#include <array>
#include <bit>
#include <cstdint>
#include <thread>
#include <utility>

#include <sys/eventfd.h>

#include "bridge/adapters/kafka_handles.h"

namespace dmp::bridge {
namespace {

// What librdkafka writes to an eventfd; it keeps the pointer.
constexpr std::uint64_t kOne = 1;

// Errors for which the record itself is at fault: no repetition can help.
bool is_rejection(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return true;
    default:
      return false;
  }
}

Error rejection_of(rd_kafka_resp_err_t code) {
  const bool too_large = code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
  return {too_large ? "too_large" : "rejected_by_kafka",
          std::string("Kafka refuses the record: ") + rd_kafka_err2str(code), Retry::kNo};
}

Error failure_of(rd_kafka_resp_err_t code, const std::string& detail) {
  return {"kafka_failed", std::string(rd_kafka_err2name(code)) + ": " + detail, Retry::kYes};
}

KafkaHeaders make_headers(const std::vector<Header>& headers) {
  KafkaHeaders made(rd_kafka_headers_new(headers.size()));
  for (const Header& header : headers) {
    rd_kafka_header_add(made.get(), header.name.data(), static_cast<ssize_t>(header.name.size()),
                        header.value.data(), static_cast<ssize_t>(header.value.size()));
  }
  return made;
}

rd_kafka_vu_t part(rd_kafka_vtype_t type) {
  rd_kafka_vu_t made{};
  made.vtype = type;
  return made;
}

rd_kafka_vu_t bytes(rd_kafka_vtype_t type, std::string_view text) {
  rd_kafka_vu_t made = part(type);
  // A null pointer would be a tombstone, an empty text is none.
  made.u.mem.ptr = const_cast<char*>(text.data() == nullptr ? "" : text.data());
  made.u.mem.size = text.size();
  return made;
}

}  // namespace

struct KafkaSink::Producer {
  rd_kafka_t* handle;
  rd_kafka_queue_t* events;
  KafkaTopic topic;

  Producer(rd_kafka_t* made, const std::string& topic_name)
      : handle(made),
        events(rd_kafka_queue_get_main(made)),
        // Asks for the topic's partitions at once.
        topic(rd_kafka_topic_new(made, topic_name.c_str(), nullptr)) {}
  ~Producer() {
    rd_kafka_queue_io_event_enable(events, -1, nullptr, 0);
    rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_queue_destroy(events);
    topic.reset();
    rd_kafka_destroy(handle);
  }
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // Null if the queue is empty.
  KafkaEvent next_event() const { return KafkaEvent(rd_kafka_queue_poll(events, 0)); }

  rd_kafka_resp_err_t produce(std::uint64_t ticket, const Record& record) {
    KafkaHeaders headers = make_headers(record.headers);
    std::array<rd_kafka_vu_t, 5> parts = {
        part(RD_KAFKA_VTYPE_RKT), bytes(RD_KAFKA_VTYPE_KEY, record.key),
        bytes(RD_KAFKA_VTYPE_VALUE, record.payload), part(RD_KAFKA_VTYPE_HEADERS),
        part(RD_KAFKA_VTYPE_OPAQUE)};
    parts[0].u.rkt = topic.get();
    parts[3].u.headers = headers.get();
    // The opaque pointer is only a number to us, and never followed.
    parts[4].u.ptr = std::bit_cast<void*>(ticket);
    const KafkaError error(rd_kafka_produceva(handle, parts.data(), parts.size()));
    if (error != nullptr) return rd_kafka_error_code(error.get());
    static_cast<void>(headers.release());  // the message owns them now
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }
};

std::map<std::string, std::string> producer_properties(const KafkaOptions& options) {
  KafkaProperties properties = {
      {"bootstrap.servers", options.brokers},
      {"client.id", options.client_id},
      {"enable.idempotence", "true"},
      {"acks", "all"},
      // The default turns an outage of five minutes into lost messages.
      {"message.timeout.ms", "0"},
      // JVM clients must find the same partition for the same key.
      {"partitioner", "murmur2_random"},
      // No timer: what comes while two requests are under way gathers until its partition's turn.
      {"linger.ms", "0"},
      // One on its way and one at Kafka, which handles one of a connection at a time (its protocol
      // guide, "Network"). More would wait there, where nothing can join them.
      {"max.in.flight.requests.per.connection", "2"},
      {"queue.buffering.max.messages", std::to_string(options.queued_messages_max)},
      {"queue.buffering.max.kbytes", std::to_string(options.queued_bytes_max / 1024)},
      // Below what a broker takes by default, so that a batch is not refused for its size.
      {"batch.size", "524288"},
      {"socket.nagle.disable", "true"},
      {"reconnect.backoff.ms", "100"},
      {"reconnect.backoff.max.ms", "2000"},
      {"log.connection.close", "false"},
  };
  for (const auto& [name, value] : options.properties) properties[name] = value;
  return properties;
}

KafkaSink::KafkaSink(KafkaOptions options)
    : options_(std::move(options)),
      broken_(Error{"not_started", "the producer is not started", Retry::kYes}) {}

KafkaSink::~KafkaSink() { end_producers(); }

// Side by side: each waits for its thread, which may be waiting for a silent name service.
void KafkaSink::end_producers() {
  {
    std::vector<std::jthread> ends;
    for (auto& each : producers_) {
      ends.emplace_back([&producer = each.second] { producer.reset(); });
    }
  }
  producers_.clear();
}

bool KafkaSink::send(std::uint64_t ticket, const Record& record) {
  if (broken_ || queued_ >= options_.queued_messages_max) return false;
  const auto producer = producer_of(record.topic);
  if (!producer) {
    broken_ = producer.error();
    return false;
  }
  const rd_kafka_resp_err_t code = (*producer)->produce(ticket, record);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++queued_;
    return true;
  }
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
  if (is_rejection(code)) {
    reports_.push_back({ticket, rejection_of(code)});
    return true;
  }
  broken_ = failure_of(code, "topic " + std::string(record.topic));
  return false;
}

std::vector<Delivery> KafkaSink::poll() {
  std::vector<Delivery> reports = std::exchange(reports_, {});
  for (const auto& [topic, producer] : producers_) hear(topic, *producer, reports);
  return reports;
}

// To the end, which queued_messages_max bounds: what stayed would not be announced again.
void KafkaSink::hear(const std::string& topic, const Producer& producer,
                     std::vector<Delivery>& reports) {
  while (const auto event = producer.next_event()) {
    if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_ERROR) {
      // Other errors are transient, and the library logs them itself.
      if (rd_kafka_event_error_is_fatal(event.get()) != 0 && !broken_) {
        broken_ = failure_of(rd_kafka_event_error(event.get()),
                             "topic " + topic + ": " + rd_kafka_event_error_string(event.get()));
      }
      continue;
    }
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event.get())) {
      --queued_;
      const auto ticket = std::bit_cast<std::uint64_t>(message->_private);
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        reports.push_back({ticket, std::nullopt});
      } else if (is_rejection(message->err)) {
        reports.push_back({ticket, rejection_of(message->err)});
      } else if (!broken_) {
        // Not stored, and not its own fault. What follows it must not overtake it.
        broken_ = failure_of(message->err, "topic " + topic);
      }
    }
  }
}

Status KafkaSink::rebuild() {
  end_producers();
  reports_.clear();
  queued_ = 0;
  for (const std::string& topic : options_.topics) {
    if (const auto made = producer_of(topic); !made) return tl::unexpected(made.error());
  }
  broken_.reset();
  return {};
}

Result<KafkaSink::Producer*> KafkaSink::producer_of(std::string_view topic) {
  const auto known = producers_.find(topic);
  if (known != producers_.end()) return known->second.get();
  auto conf = make_kafka_conf(producer_properties(options_));
  if (!conf) return tl::unexpected(conf.error());
  rd_kafka_conf_set_events(conf->get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  const auto client = make_kafka_client(RD_KAFKA_PRODUCER, std::move(*conf));
  if (!client) return tl::unexpected(client.error());
  const std::string name(topic);
  auto made = std::make_unique<Producer>(*client, name);
  if (made->topic == nullptr) {
    return tl::unexpected(failure_of(rd_kafka_last_error(), "topic " + name));
  }
  if (options_.ready_fd >= 0) {
    rd_kafka_queue_io_event_enable(made->events, options_.ready_fd, &kOne, sizeof kOne);
    // Only what comes into an empty queue is announced; something may be there already.
    eventfd_write(options_.ready_fd, kOne);
  }
  return producers_.emplace(name, std::move(made)).first->second.get();
}

}  // namespace dmp::bridge
