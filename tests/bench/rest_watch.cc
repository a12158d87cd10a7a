#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "tests/bench/curl_loop.h"
#include "tests/bench/rest_load.h"

namespace dmp::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookForStop{250};
// After the last client has its list: until then their joining takes the machine.
constexpr std::chrono::seconds kSettle{3};
constexpr std::string_view kMark = "\"app_version\":\"t=";

std::int64_t wall_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// One client. What it had when its list was complete is no change.
struct Watcher {
  Times* ages = nullptr;
  const bool* measures = nullptr;
  std::string rest{};
  bool synced = false;

  void take(std::string_view block) {
    if (block.find("event: synced") != std::string_view::npos) synced = true;
    if (!synced || !*measures || block.find("event: changed") == std::string_view::npos) return;
    const std::size_t mark = block.find(kMark);
    if (mark == std::string_view::npos) return;
    const std::int64_t at = std::strtoll(block.data() + mark + kMark.size(), nullptr, 10);
    ages->add(static_cast<double>(wall_us() - at) / 1000);
  }

  void feed(std::string_view bytes) {
    rest += bytes;
    std::size_t begin = 0;
    for (std::size_t end; (end = rest.find("\n\n", begin)) != std::string::npos; begin = end + 2) {
      take(std::string_view(rest).substr(begin, end - begin));
    }
    rest.erase(0, begin);
  }
};

std::size_t take_bytes(const char* data, std::size_t, std::size_t bytes, void* watcher) {
  static_cast<Watcher*>(watcher)->feed({data, bytes});
  return bytes;
}

class Watchers {
 public:
  Watchers(const RestLoad& load, const std::string& bearer)
      : load_(load),
        headers_(curl_slist_append(nullptr, bearer.c_str())),
        loop_([this](CURL*, bool) { ++ended; }) {}
  ~Watchers() {
    for (CURL* easy : easies_) {
      loop_.remove(easy);
      curl_easy_cleanup(easy);
    }
    curl_slist_free_all(headers_);
  }
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  void run(const std::stop_token& stop) {
    const auto begin = steady_clock::now();
    const auto end = begin + std::chrono::seconds(load_.seconds);
    const auto pause = std::chrono::microseconds(1'000'000 / load_.connects_per_s);
    auto next = begin;
    for (auto now = begin; now < end && !stop.stop_requested(); now = steady_clock::now()) {
      for (; next <= now; next += pause) {
        if (static_cast<std::int64_t>(easies_.size()) < load_.watchers) add();
      }
      loop_.serve_until(std::min({next, end, now + kLookForStop}));
      if (static_cast<std::int64_t>(synced()) < load_.watchers) all_watch_at_ = now;
      measures_ = now - all_watch_at_ > kSettle;
    }
  }

  [[nodiscard]] std::size_t synced() const {
    return static_cast<std::size_t>(std::count_if(
        watchers_.begin(), watchers_.end(), [](const auto& watcher) { return watcher->synced; }));
  }

  Times ages;
  std::size_t ended = 0;

 private:
  void add() {
    CURL* easy = curl_easy_init();
    const auto number = static_cast<std::int64_t>(easies_.size());
    const std::int64_t group = number % 2 == 0 ? 0 : number % load_.groups;
    watchers_.push_back(std::make_unique<Watcher>(Watcher{.ages = &ages, .measures = &measures_}));
    const std::string url =
        load_.url + "/v1/devices?watch=1&presence=online&model=Group%20" + std::to_string(group);
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_CAINFO, load_.ca.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, watchers_.back().get());
    loop_.add(easy);
    easies_.push_back(easy);
  }

  const RestLoad& load_;
  curl_slist* const headers_;
  CurlLoop loop_;
  std::vector<CURL*> easies_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::chrono::steady_clock::time_point all_watch_at_{};
  bool measures_ = false;
};

}  // namespace

Status watch(const RestLoad& load, const std::stop_token& stop) {
  const auto bearer = bearer_header(load);
  if (!bearer) return tl::unexpected(bearer.error());
  curl_global_init(CURL_GLOBAL_DEFAULT);
  Watchers watchers(load, *bearer);
  watchers.run(stop);
  std::printf("{\"watchers\":%zu,\"ended\":%zu,\"changes\":%zu,\"p50_ms\":%.1f,\"p99_ms\":%.1f}\n",
              watchers.synced(), watchers.ended, watchers.ages.count(),
              watchers.ages.percentile(50), watchers.ages.percentile(99));
  return {};
}

}  // namespace dmp::bench
