// PublishLoad: numbered updates of some agents to an MQTT broker, as real agents send them: mutual
// TLS, MQTT 5, QoS 1, each asking for its confirmation. And what of it Kafka must hold afterwards.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace dmp::bench {

struct PublishLoad {
  std::string uri;     // ssl://127.0.0.1:port
  std::string pki;     // folder of ca.crt, and of a certificate and a key for each agent
  std::string prefix;  // agent n, from 0, has the serial PREFIX-n
  std::int64_t agents = 10;
  std::int64_t sessions = 40;  // of each agent
  std::int64_t messages = 100'000;
  std::int64_t from = 0;        // number of the first
  std::int64_t per_second = 0;  // 0: as fast as the broker takes them
};

// About as long as an update with all of a device's facets.
inline constexpr std::size_t kPayloadBytes = 930;

// Topic of message `number`; the number is what its payload begins with.
std::string topic_of(const PublishLoad& load, std::int64_t number);

// Returns when the broker has acknowledged all of it. `before` is told each number just before it
// is published.
Status publish(const PublishLoad& load, const std::function<void(std::int64_t)>& before = {});

}  // namespace dmp::bench
