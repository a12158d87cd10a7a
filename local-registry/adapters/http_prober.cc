#include "local-registry/adapters/http_prober.h"

#include <httplib.h>

#include "base/log.h"
#include "base/stop.h"
#include "local-registry/adapters/documents.h"

namespace dmp::local {
namespace {

constexpr int kConnectTimeoutS = 2;
constexpr int kPauseTimeoutS = 3;
constexpr std::chrono::seconds kWholeTimeout{5};
constexpr std::chrono::hours kIdle{1};
constexpr std::chrono::milliseconds kQueueFull{50};

struct Url {
  std::string origin;  // "http://10.0.0.7:8060"
  std::string path;    // "/query/device-info"
};

Url split(const std::string& url) {
  const std::size_t slash = url.find('/', std::string_view("http://").size());
  if (slash == std::string::npos) return {url, "/"};
  return {url.substr(0, slash), url.substr(slash)};
}

std::string what_failed(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
      return "no connection";
    case httplib::Error::Read:
      return "no answer";
    case httplib::Error::Canceled:
      return "the answer has more than " + std::to_string(kAnswerBytesMax) + " bytes";
    default:
      return httplib::to_string(error);
  }
}

Result<std::string> get(const std::string& url) {
  const Url parts = split(url);
  httplib::Client client(parts.origin);
  client.set_connection_timeout(kConnectTimeoutS);
  client.set_read_timeout(kPauseTimeoutS);
  client.set_write_timeout(kPauseTimeoutS);
  client.set_follow_location(false);
  client.set_decompress(false);  // a small answer must not become a large one
  std::string body;
  // The library bounds each pause, so a device could dribble for ever: this bounds the whole.
  const std::jthread guard([&client](const std::stop_token& answered) {
    if (!stopped_within(answered, kWholeTimeout)) client.stop();
  });
  const auto answer = client.Get(parts.path, [&](const char* data, std::size_t bytes) {
    if (body.size() + bytes > kAnswerBytesMax) return false;
    body.append(data, bytes);
    return true;
  });
  if (!answer) return fail("unreachable", what_failed(answer.error()), Retry::kYes);
  if (answer->status != 200) {
    return fail("bad_answer", "HTTP status " + std::to_string(answer->status));
  }
  return body;
}

}  // namespace

HttpProber::HttpProber(const std::vector<Profile>& profiles, EventQueue& events, Metrics& metrics)
    : profiles_(profiles), events_(events), metrics_(metrics), orders_(kOrdersMax, SIZE_MAX) {}

HttpProber::~HttpProber() { stop(); }

void HttpProber::run() {
  for (std::size_t i = 0; i < kThreads; ++i) threads_.emplace_back([this] { work(); });
}

void HttpProber::stop() {
  stopping_ = true;
  orders_.close();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool HttpProber::ask(const ProbeOrder& order) {
  ProbeOrder copy = order;
  return orders_.try_push(std::move(copy));
}

ProbeOutcome HttpProber::probe(const Profile& profile, const Clues& clues) const {
  ProbeOutcome outcome{profile.name, {}, ""};
  const auto url = request_url(profile, clues);
  if (!url && !profile.url.empty()) {
    outcome.error = "it did not say where";
    return outcome;
  }
  const Result<std::string> body = url ? get(*url) : Result<std::string>(std::string());
  const auto seen =
      body.and_then([&](const std::string& bytes) { return read_answer(profile, bytes, clues); });
  if (seen) {
    outcome.observation = *seen;
  } else {
    outcome.error = seen.error().message;
  }
  return outcome;
}

void HttpProber::work() {
  while (!stopping_) {
    const auto order = orders_.pop_until(std::chrono::steady_clock::now() + kIdle);
    if (!order) continue;
    ProbeFinished finished{order->session, order->clues.address, {}};
    for (const Profile& profile : profiles_) {
      if (stopping_) return;
      const auto& wanted = order->profiles;
      if (std::find(wanted.begin(), wanted.end(), profile.name) == wanted.end()) continue;
      finished.outcomes.push_back(probe(profile, order->clues));
      const bool answered = finished.outcomes.back().answered();
      metrics_
          .counter("dmp_local_registry_probes_total", "Probes by profile and result.",
                   {{"profile", profile.name}, {"result", answered ? "answered" : "failed"}})
          .add();
    }
    report(std::move(finished));
  }
}

void HttpProber::report(ProbeFinished finished) {
  Event event{Sighting(std::move(finished))};
  // The device's plan waits for this, so a full queue is waited for.
  while (!stopping_ && !events_.try_push(std::move(event))) std::this_thread::sleep_for(kQueueFull);
}

}  // namespace dmp::local
