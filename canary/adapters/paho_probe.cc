#include "canary/adapters/paho_probe.h"

#include <mqtt/async_client.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "schema/topics.h"

namespace dmp::canary {
namespace {

constexpr std::chrono::milliseconds kPause{200};
constexpr std::chrono::seconds kAnswerWithin{2};

mqtt::connect_options connect_options(const ProbeAccess& access) {
  mqtt::ssl_options tls;
  tls.set_trust_store(access.ca);
  tls.set_key_store(access.certificate);
  tls.set_private_key(access.key);
  mqtt::connect_options options;
  options.set_mqtt_version(MQTTVERSION_5);
  options.set_clean_start(true);
  options.set_connect_timeout(kAnswerWithin);
  options.set_ssl(tls);
  return options;
}

}  // namespace

void PahoProbe::run() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      probe(stop);
    } catch (const mqtt::exception& error) {
      ++failures_;
      log_warning("probe_failed", {{"error", error.what()}});
    }
  });
}

void PahoProbe::stop() { thread_ = {}; }

void PahoProbe::probe(const std::stop_token& stop) {
  const SystemClock clock;
  mqtt::async_client client(access_.uri, voice_.rae().str(), mqtt::create_options(MQTTVERSION_5),
                            nullptr);
  if (!client.connect(connect_options(access_))->wait_for(kAnswerWithin)) {
    ++failures_;
    return;
  }
  const std::string topic = device_topic(voice_.rae(), voice_.session(), TopicKind::kUpdate);
  while (!stopped_within(stop, kPause)) {
    const Timestamp stamp = voice_.stamp(clock.wall_us());
    const auto message = mqtt::make_message(topic, voice_.update(stamp, stamp.us), 1, false);
    const SteadyTime began = clock.steady();
    if (client.publish(message)->wait_for(kAnswerWithin)) {
      puback_.record(std::chrono::duration_cast<Micros>(clock.steady() - began));
    } else {
      ++failures_;
    }
  }
  client.disconnect()->wait_for(kAnswerWithin);
}

}  // namespace dmp::canary
