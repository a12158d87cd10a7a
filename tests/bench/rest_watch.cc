#include <chrono>
#include <cstdio>
#include <memory>

#include <curl/curl.h>

#include "tests/bench/rest_load.h"

namespace dmp::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kMark = "\"app_version\":\"t=";

std::int64_t wall_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// One client. What it had when its list was complete is no change.
struct Watcher {
  std::string rest;
  bool synced = false;
  std::vector<double>* ages_ms = nullptr;

  void take(std::string_view block) {
    if (block.find("event: synced") != std::string_view::npos) synced = true;
    if (!synced || block.find("event: changed") == std::string_view::npos) return;
    const std::size_t mark = block.find(kMark);
    if (mark == std::string_view::npos) return;
    const std::int64_t at = std::strtoll(block.data() + mark + kMark.size(), nullptr, 10);
    ages_ms->push_back(static_cast<double>(wall_us() - at) / 1000);
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
      : load_(load), multi_(curl_multi_init()) {
    headers_ = curl_slist_append(nullptr, bearer.c_str());
  }
  ~Watchers() {
    for (CURL* easy : easies_) {
      curl_multi_remove_handle(multi_, easy);
      curl_easy_cleanup(easy);
    }
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
  }
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  void run() {
    const auto begin = steady_clock::now();
    const auto end = begin + std::chrono::seconds(load_.seconds);
    for (auto now = begin; now < end; now = steady_clock::now()) {
      const auto due = (now - begin) / std::chrono::milliseconds(1) * load_.connects_per_s / 1000;
      while (static_cast<std::int64_t>(easies_.size()) < std::min(load_.watchers, due)) add();
      int running = 0;
      curl_multi_perform(multi_, &running);
      int left = 0;
      while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg == CURLMSG_DONE) ++ended;
      }
      curl_multi_poll(multi_, nullptr, 0, 10, nullptr);
    }
  }

  [[nodiscard]] std::size_t synced() const {
    std::size_t count = 0;
    for (const auto& watcher : watchers_) count += watcher->synced ? 1 : 0;
    return count;
  }

  std::vector<double> ages_ms;
  std::size_t ended = 0;

 private:
  void add() {
    CURL* easy = curl_easy_init();
    const auto group = static_cast<std::int64_t>(easies_.size()) % load_.groups;
    watchers_.push_back(std::make_unique<Watcher>(Watcher{.rest = {}, .ages_ms = &ages_ms}));
    const std::string url =
        load_.url + "/v1/devices?watch=1&presence=online&model=Group%20" + std::to_string(group);
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_CAINFO, load_.ca.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, watchers_.back().get());
    curl_multi_add_handle(multi_, easy);
    easies_.push_back(easy);
  }

  const RestLoad& load_;
  CURLM* multi_;
  curl_slist* headers_ = nullptr;
  std::vector<CURL*> easies_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
};

}  // namespace

Status watch(const RestLoad& load) {
  const auto bearer = bearer_header(load);
  if (!bearer) return tl::unexpected(bearer.error());
  curl_global_init(CURL_GLOBAL_DEFAULT);
  Watchers watchers(load, *bearer);
  watchers.run();
  const std::size_t changes = watchers.ages_ms.size();
  const double p99 = p99_ms(watchers.ages_ms);
  std::printf(
      "{\"watchers\":%zu,\"ended\":%zu,\"changes\":%zu,\"watch_p99_ms\":%.1f,"
      "\"watch_p50_ms\":%.1f}\n",
      watchers.synced(), watchers.ended, changes, p99,
      changes == 0 ? -1 : watchers.ages_ms[changes / 2]);
  return {};
}

}  // namespace dmp::bench
