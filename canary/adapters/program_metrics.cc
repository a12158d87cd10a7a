#include "canary/adapters/program_metrics.h"

#include <optional>
#include <utility>

#include <httplib.h>

#include "base/stop.h"

namespace dmp::canary {
namespace {

constexpr int kTimeoutS = 1;
constexpr std::chrono::milliseconds kPause{500};
constexpr std::size_t kBytesMax = std::size_t{4} << 20;

std::optional<std::string> metrics_of(const std::string& origin) {
  httplib::Client client(origin);
  client.set_connection_timeout(kTimeoutS);
  client.set_read_timeout(kTimeoutS);
  std::string body;
  const auto answer = client.Get("/metrics", [&](const char* data, std::size_t bytes) {
    if (body.size() + bytes > kBytesMax) return false;
    body.append(data, bytes);
    return true;
  });
  if (!answer || answer->status != 200) return std::nullopt;
  return body;
}

}  // namespace

void ProgramMetrics::run() {
  thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

void ProgramMetrics::stop() { thread_ = {}; }

void ProgramMetrics::watch(const std::stop_token& stop) {
  do {
    Reading reading;
    reading.asked_bridge = !sources_.bridge.empty();
    reading.asked_registry = !sources_.registry.empty();
    if (reading.asked_bridge) {
      if (const auto text = metrics_of(sources_.bridge)) reading.bridge = read_bridge(*text);
    }
    if (stop.stop_requested()) return;
    if (reading.asked_registry) {
      if (const auto text = metrics_of(sources_.registry)) reading.registry = read_registry(*text);
    }
    // A full queue means the loop hangs, and then this reading matters least.
    (void)queue_.try_push({.reading = std::move(reading), .sighting = {}, .census = {}});
  } while (!stopped_within(stop, kPause));
}

}  // namespace dmp::canary
