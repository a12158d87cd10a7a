#include "registry/core/decode_record.h"

#include <charconv>
#include <optional>
#include <utility>

#include "schema/codec.h"
#include "schema/topics.h"

namespace dmp::registry {
namespace {

struct Clocks {
  WallTime received;  // of the bridge
  WallTime now;       // of the reader
};

Status check_clock(Timestamp timestamp, Clocks clocks) {
  const std::int64_t ahead_us = timestamp.us - clocks.received.us;
  if (ahead_us <= kClockAheadMax.count()) return {};
  const bool is_ahead_of_us_too = timestamp.us - clocks.now.us > kClockAheadMax.count();
  return fail(is_ahead_of_us_too ? kClockAhead : kBridgeClockBehind,
              "timestamp: " + std::to_string(timestamp.us) + " is " +
                  std::to_string(ahead_us / 1'000'000) +
                  " s later than the bridge received it; at most 3600 s");
}

tl::unexpected<Error> wrong_topic(const Record& record, std::string_view expected) {
  return fail("wrong_topic", "key '" + record.key.substr(0, 200) + "' on Kafka topic " +
                                 std::string(record.partition.topic) + ": expected " +
                                 std::string(expected));
}

Result<News> decode_device(const Record& record, const Topic& topic, Clocks clocks) {
  auto read = read_update(record.value, topic.rae, *topic.session);
  if (!read) return tl::unexpected(read.error());
  if (auto status = check_clock(read->update.timestamp, clocks); !status) {
    return tl::unexpected(status.error());
  }
  Result<News> news(
      tl::in_place,
      UpdateNews{topic.rae, *topic.session, std::move(read->update), {}, clocks.received});
  auto& it = std::get<UpdateNews>(*news);
  if (it.update.kind != UpdateKind::kSnapshot) it.facets = read->facets;
  return news;
}

Result<News> decode_heartbeat(const Record& record, std::string_view bridge) {
  auto heartbeat = decode_bridge_heartbeat(record.value);
  if (!heartbeat) return tl::unexpected(heartbeat.error());
  if (heartbeat->bridge != bridge) {
    return fail("wrong_address", "bridge: the payload says '" + heartbeat->bridge +
                                     "', its key says '" + std::string(bridge) + "'");
  }
  return HeartbeatNews{std::move(*heartbeat)};
}

Result<News> decode_agent(const Record& record, const Topic& topic, Clocks clocks) {
  if (topic.kind == TopicKind::kPresence) {
    auto presence = decode_agent_presence(record.value, topic.rae);
    if (!presence) return tl::unexpected(presence.error());
    if (auto status = check_clock(presence->timestamp, clocks); !status) {
      return tl::unexpected(status.error());
    }
    return PresenceNews{topic.rae, std::move(*presence), clocks.received,
                        std::string(header(record, kafka::kBridge).value_or(""))};
  }
  auto roster = decode_roster(record.value, topic.rae);
  if (!roster) return tl::unexpected(roster.error());
  if (auto status = check_clock(roster->timestamp, clocks); !status) {
    return tl::unexpected(status.error());
  }
  return RosterNews{topic.rae, std::move(*roster)};
}

}  // namespace

std::optional<std::string_view> header(const Record& record, std::string_view name) {
  for (const Header& candidate : record.headers) {
    if (candidate.name == name) return candidate.value;
  }
  return std::nullopt;
}

Result<WallTime> received_at(const Record& record) {
  const auto text = header(record, kafka::kReceivedAt);
  if (!text) return WallTime{record.timestamp_ms * 1000};
  WallTime time;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), time.us);
  if (problem == std::errc() && end == text->data() + text->size() && time.us >= 1 &&
      time.us < kTimeLimit) {
    return time;
  }
  return fail("bad_header",
              std::string(kafka::kReceivedAt) +
                  ": expected microseconds as a whole number from 1 to 2^53-1, got '" +
                  std::string(text->substr(0, 80)) + "'");
}

Result<News> decode_record(const Record& record, WallTime now) {
  const auto received = received_at(record);
  if (!received) return tl::unexpected(received.error());
  const bool of_devices = record.partition.topic == kafka::kDeviceUpdates;
  if (!of_devices) {
    if (const auto bridge = parse_bridge_key(record.key)) return decode_heartbeat(record, *bridge);
  }
  const auto topic = parse_topic(record.key);
  if (!topic) return tl::unexpected(topic.error());
  if (of_devices) {
    if (topic->kind != TopicKind::kUpdate)
      return wrong_topic(record, "dmp/v1/{rae}/{session}/update");
    return decode_device(record, *topic, {*received, now});
  }
  if (topic->kind != TopicKind::kPresence && topic->kind != TopicKind::kRoster) {
    return wrong_topic(record, "dmp/v1/{rae}/agent/presence|roster or bridge/{name}");
  }
  return decode_agent(record, *topic, {*received, now});
}

}  // namespace dmp::registry
