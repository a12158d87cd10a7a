#include "canary/adapters/rest_cloud.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include <httplib.h>

#include "base/log.h"
#include "base/stop.h"
#include "canary/core/voice.h"

namespace dmp::canary {
namespace {

using Json = nlohmann::json;

constexpr int kTimeoutS = 2;
constexpr std::chrono::milliseconds kPause{10};
constexpr std::chrono::milliseconds kCensusPause{500};
constexpr int kPagesMax = 1000;
constexpr const char* kPage = "/v1/devices?canary=1&model=Canary&limit=500";

// Anything else than text where it should be counts as no value of ours.
std::string text_at(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t due_shown(const Json& item) {
  const auto software = item.find("software");
  if (software == item.end() || !software->is_object()) return 0;
  return due_of(text_at(*software, "app_version"));
}

}  // namespace

struct RestCloud::Connection {
  explicit Connection(const RestAccess& access) : client(access.url) {
    client.set_ca_cert_path(access.ca);
    client.set_connection_timeout(kTimeoutS);
    client.set_read_timeout(kTimeoutS);
    client.set_keep_alive(true);
    client.set_bearer_token_auth(access.token);
  }

  // The answer as an object with an array `items`; nothing if there is no such answer.
  std::optional<Json> get(const std::string& path) {
    const auto answer = client.Get(path);
    if (!answer) return failed(path, httplib::to_string(answer.error()));
    if (answer->status != 200) return failed(path, "status " + std::to_string(answer->status));
    Json page = Json::parse(answer->body, nullptr, false);
    if (!page.is_object() || !page.contains("items") || !page["items"].is_array()) {
      return failed(path, "no list of devices");
    }
    told = false;
    return page;
  }

  std::optional<Json> failed(const std::string& path, const std::string& reason) {
    if (!told) log_warning("rest_unreachable", {{"path", path}, {"error", reason}});
    told = true;
    why = reason;
    return std::nullopt;
  }

  httplib::Client client;
  bool told = false;  // that it fails; once, not each time
  std::string why;    // it failed last
};

RestCloud::RestCloud(RestAccess access, std::string run, std::vector<std::string> sample,
                     const Clock& clock, ObservationQueue& queue)
    : access_(std::move(access)),
      prefix_("canary-" + run + "-"),
      sample_(std::move(sample)),
      clock_(clock),
      queue_(queue),
      shown_(sample_.size()) {}

RestCloud::~RestCloud() { stop(); }

void RestCloud::run() {
  thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

void RestCloud::stop() { thread_ = {}; }

void RestCloud::watch(const std::stop_token& stop) {
  Connection connection(access_);
  std::size_t next = 0;
  std::chrono::milliseconds pause{0};
  last_read_ = clock_.steady();
  while (!stopped_within(stop, pause)) {
    if (census_wanted_) {
      count_all(connection, stop);
      pause = kCensusPause;
    } else if (!sample_.empty()) {
      look_at(connection, next);
      next = (next + 1) % sample_.size();
      pause = kPause;
    } else {
      pause = kCensusPause;
    }
  }
}

void RestCloud::failed(const Connection& connection) {
  trouble_.why.add(connection.why);
  ++trouble_.failures;
  trouble_.away += std::chrono::duration_cast<Micros>(clock_.steady() - last_read_);
  last_read_ = clock_.steady();
}

void RestCloud::look_at(Connection& connection, std::size_t sampled) {
  const auto page = connection.get("/v1/devices?canary=1&limit=1&rae=" + sample_[sampled]);
  const std::int64_t seen_us = clock_.wall_us();
  if (!page) return failed(connection);
  last_read_ = clock_.steady();
  if (page->at("items").empty()) return;
  const std::int64_t due_us = due_shown(page->at("items").front());
  if (due_us <= shown_[sampled]) return;
  shown_[sampled] = due_us;
  (void)queue_.try_push({.reading = {}, .sighting = Sighting{due_us, seen_us}, .census = {}});
}

void RestCloud::count_all(Connection& connection, const std::stop_token& stop) {
  Census census;
  std::string path = kPage;
  for (int pages = 0; pages < kPagesMax && !stop.stop_requested(); ++pages) {
    const auto page = connection.get(path);
    if (!page) return failed(connection);
    last_read_ = clock_.steady();
    for (const Json& item : page->at("items")) {
      const std::string rae = text_at(item, "rae");
      if (rae.starts_with(prefix_)) census[rae] = due_shown(item);
    }
    const std::string next = text_at(*page, "next");
    if (next.empty()) {
      (void)queue_.try_push({.reading = {}, .sighting = {}, .census = std::move(census)});
      return;
    }
    path = std::string(kPage) + "&cursor=" + httplib::detail::encode_query_param(next);
  }
}

}  // namespace dmp::canary
