#include "registry/adapters/kafka_statistics.h"

#include <nlohmann/json.hpp>
#include <string>

namespace dmp::registry {
namespace {

using Json = nlohmann::json;

const Json& member(const Json& object, std::string_view name) {
  static const Json kNothing = Json::object();
  if (!object.is_object()) return kNothing;
  const auto found = object.find(std::string(name));
  return found == object.end() ? kNothing : *found;
}

std::int64_t number(const Json& object, std::string_view name) {
  const Json& value = member(object, name);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

void add_topic(Flow& flow, const Json& topic, std::string_view name) {
  for (const auto& partition : member(topic, "partitions")) {
    const auto id = number(partition, "partition");
    if (id < 0) continue;  // librdkafka's own, for records without a place
    // The library counts its own notes of errors and barriers among the messages. They have no
    // bytes; our records do.
    const auto bytes = number(partition, "fetchq_size");
    const auto records = bytes == 0 ? 0 : number(partition, "fetchq_cnt");
    const QueueDepth depth{{name, static_cast<std::int32_t>(id)}, records, bytes};
    const bool is_fetched = member(partition, "fetch_state") != "none";
    if (is_fetched) flow.queues.push_back(depth);
  }
}

}  // namespace

Result<Flow> parse_statistics(std::string_view json, const std::vector<std::string_view>& topics) {
  const Json all = Json::parse(json, nullptr, false);
  if (all.is_discarded()) return fail("not_json", "librdkafka's statistics are no JSON");
  Flow flow;
  flow.records = number(all, "rxmsgs");
  flow.bytes = number(all, "rxmsg_bytes");
  for (const auto& broker : member(all, "brokers")) {
    flow.fetches += number(member(broker, "req"), "Fetch");
    if (member(broker, "state") == "UP") flow.any_broker = true;
    if (member(broker, "source") == "logical") flow.coordinator_bytes += number(broker, "txbytes");
  }
  for (const std::string_view topic : topics) {
    add_topic(flow, member(member(all, "topics"), topic), topic);
  }
  return flow;
}

}  // namespace dmp::registry
