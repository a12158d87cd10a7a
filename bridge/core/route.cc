#include "bridge/core/route.h"

#include <algorithm>
#include <set>

#include "bridge/core/filter.h"
#include "schema/topics.h"

namespace dmp::bridge {
namespace {

constexpr std::size_t kCorrelationBytesMax = 32;

bool is_correlation(std::string_view text) {
  const auto good = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c == '-';
  };
  return !text.empty() && text.size() <= kCorrelationBytesMax && std::ranges::all_of(text, good);
}

// Also of topics that are otherwise wrong: their sender should hear so too. The broker lets a RAE
// write below its own serial only.
std::optional<RaeSerial> rae_of(std::string_view topic) {
  constexpr std::string_view kPrefix = "dmp/v1/";
  if (!topic.starts_with(kPrefix)) return std::nullopt;
  topic.remove_prefix(kPrefix.size());
  auto rae = RaeSerial::parse(topic.substr(0, topic.find('/')));
  if (!rae) return std::nullopt;
  return *rae;
}

Error refusal(std::string code, std::string message) {
  return Error{std::move(code), std::move(message), Retry::kNo};
}

std::optional<Error> refusal_of(const Message& message, const Route& route,
                                const Result<Topic>& topic) {
  if (!topic) return topic.error();
  if (message.payload_bytes > route.payload_bytes_max) {
    return refusal("too_large", "payload of " + std::to_string(message.payload_bytes) +
                                    " bytes: at most " + std::to_string(route.payload_bytes_max) +
                                    " are allowed on " + route.filter);
  }
  if (!message.response_topic.empty() &&
      message.response_topic != agent_topic(topic->rae, TopicKind::kConfirm)) {
    return refusal("foreign_response_topic",
                   "response topic '" + std::string(message.response_topic) + "': only " +
                       agent_topic(topic->rae, TopicKind::kConfirm) + " is answered");
  }
  if (!message.correlation.empty() && !is_correlation(message.correlation)) {
    return refusal("bad_correlation", "correlation data of " +
                                          std::to_string(message.correlation.size()) +
                                          " bytes: expected 1 to 32 of 0-9 A-Z a-z _ -");
  }
  return std::nullopt;
}

}  // namespace

std::vector<Route> uplink_routes() {
  const std::string updates(kafka::kDeviceUpdates);
  const std::string replies(kafka::kCommandReplies);
  const std::string agents(kafka::kAgents);
  return {
      {.filter = "dmp/v1/+/+/update", .kafka_topic = updates},
      {.filter = "dmp/v1/+/+/reply", .kafka_topic = replies},
      {.filter = "dmp/v1/+/agent/presence",
       .kafka_topic = agents,
       .confirms = false,
       .tells_presence = true},
      {.filter = "dmp/v1/+/agent/roster", .kafka_topic = agents},
  };
}

Result<Routes> Routes::make(std::vector<Route> routes) {
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (!is_valid_filter(routes[i].filter) || routes[i].kafka_topic.empty()) {
      return fail("bad_route", "route '" + routes[i].filter + "' to '" + routes[i].kafka_topic +
                                   "': not an MQTT topic filter with a Kafka topic");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (!overlap(routes[i].filter, routes[j].filter)) continue;
      return fail("bad_route", "routes '" + routes[j].filter + "' and '" + routes[i].filter +
                                   "' match the same topics: a message must have one way");
    }
  }
  return Routes(std::move(routes));
}

const Route* Routes::find(std::string_view topic) const {
  for (const Route& route : routes_) {
    if (matches(route.filter, topic)) return &route;
  }
  return nullptr;
}

Routed Routes::route(const Message& message) const {
  Routed routed;
  auto topic = parse_topic(message.topic);
  routed.route = find(message.topic);
  if (routed.route == nullptr) {
    routed.refusal = refusal("no_route", "topic '" + std::string(message.topic.substr(0, 200)) +
                                             "': no route leads from it to Kafka");
  } else {
    routed.refusal = refusal_of(message, *routed.route, topic);
  }
  const bool may_ask = routed.route == nullptr || routed.route->confirms;
  if (may_ask && is_correlation(message.correlation)) {
    if (auto rae = topic ? std::optional(std::move(topic->rae)) : rae_of(message.topic)) {
      routed.asker = Asker{std::move(*rae), std::string(message.correlation)};
    }
  }
  return routed;
}

std::vector<std::string> Routes::filters() const {
  std::vector<std::string> filters;
  for (const Route& route : routes_) filters.push_back(route.filter);
  return filters;
}

std::vector<std::string> Routes::kafka_topics() const {
  std::set<std::string> topics;
  for (const Route& route : routes_) topics.insert(route.kafka_topic);
  return {topics.begin(), topics.end()};
}

}  // namespace dmp::bridge
