// Routes: which Kafka topic an MQTT message belongs to, or why it is refused. Pure.
//
// Routes are data: adding one is a line in uplink_routes(). Reasons of refusal: "no_route",
// "bad_topic", "too_large", "foreign_response_topic", "bad_correlation".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bridge/core/message.h"
#include "schema/ids.h"

namespace dmp::bridge {

struct Route {
  std::string filter;  // MQTT topic filter, subscribed as it stands
  std::string kafka_topic;
  std::size_t payload_bytes_max = MessageLimits::kPayloadBytes;
  bool confirms = true;         // its messages may ask for a confirmation
  bool tells_presence = false;  // its messages say whether their RAE is there
};

// What the contract sends up.
std::vector<Route> uplink_routes();

// Whoever waits to hear that a message is stored.
struct Asker {
  RaeSerial rae;
  std::string correlation;

  bool operator==(const Asker&) const = default;
};

struct Routed {
  const Route* route = nullptr;  // null: refused before a route was found
  std::optional<Asker> asker;    // set if the sender wants to know
  std::optional<Error> refusal;  // set: the message belongs in dead letters
};

class Routes {
 public:
  // Error "bad_route" names the filter: malformed, or two of them match the same topic.
  static Result<Routes> make(std::vector<Route> routes);

  // The result points into this object.
  [[nodiscard]] Routed route(const Message& message) const;

  [[nodiscard]] std::vector<std::string> filters() const;
  [[nodiscard]] std::vector<std::string> kafka_topics() const;  // each once

 private:
  explicit Routes(std::vector<Route> routes) : routes_(std::move(routes)) {}
  [[nodiscard]] const Route* find(std::string_view topic) const;

  std::vector<Route> routes_;
};

}  // namespace dmp::bridge
