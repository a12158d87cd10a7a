// NaiveBridge: the bridge this design is compared with: the same libraries with the same settings,
// and a callback that gives the message to the producer and returns. So the broker is told before
// Kafka has it, nobody is told afterwards, and a kill loses what is on its way. Only for the bench.
#pragma once

#include <atomic>
#include <stop_token>
#include <string>

#include "base/metrics.h"
#include "base/result.h"
#include "bridge/adapters/kafka_sink.h"
#include "bridge/adapters/paho_source.h"

namespace dmp::bench {

// `subscribed` tells when it is at work.
Status run_naive_bridge(const bridge::MqttOptions& mqtt, const bridge::KafkaOptions& kafka,
                        Metrics& metrics, std::atomic<bool>& subscribed,
                        const std::stop_token& stop);

}  // namespace dmp::bench
