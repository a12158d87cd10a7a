#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <fstream>
#include <memory>
#include <pqxx/pqxx>
#include <random>
#include <thread>

#include <curl/curl.h>

#include "tests/bench/rest_load.h"

namespace dmp::bench {
namespace {

using std::chrono::steady_clock;
using Time = steady_clock::time_point;

constexpr std::size_t kConnections = 32;

double ms_since(Time begin) {
  return std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count();
}

std::size_t count_bytes(const char*, std::size_t, std::size_t bytes, void* sum) {
  *static_cast<std::size_t*>(sum) += bytes;
  return bytes;
}

std::string device_id(std::int64_t session) {
  char text[37];
  const auto byte = [session](int n) { return static_cast<unsigned>(session >> (8 * n) & 0xff); };
  std::snprintf(text, sizeof text, "%02x%02x%02x%02x-0000-5000-8000-000000000000", byte(0), byte(1),
                byte(2), byte(3));
  return text;
}

// So many moments a second, evenly.
class Schedule {
 public:
  Schedule(Time begin, std::int64_t per_s, std::chrono::microseconds offset)
      : next_(begin + offset), step_(per_s == 0 ? 0 : 1'000'000 / per_s) {}

  [[nodiscard]] bool is_due(Time now) const { return step_.count() > 0 && next_ <= now; }
  [[nodiscard]] Time next() const { return step_.count() > 0 ? next_ : Time::max(); }
  Time take() { return std::exchange(next_, next_ + step_); }

 private:
  Time next_;
  std::chrono::microseconds step_;
};

struct Call {
  Time due;
  bool list = false;
  std::size_t bytes = 0;
};

class Asker {
 public:
  Asker(const RestLoad& load, const std::string& bearer) : load_(load), multi_(curl_multi_init()) {
    headers_ = curl_slist_append(nullptr, bearer.c_str());
    for (std::size_t i = 0; i < kConnections; ++i) idle_.push_back(make());
  }
  ~Asker() {
    for (CURL* easy : idle_) curl_easy_cleanup(easy);
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
  }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  void run() {
    const Time begin = steady_clock::now();
    const Time end = begin + std::chrono::seconds(load_.seconds);
    Schedule lists(begin, load_.lists_per_s, std::chrono::microseconds(0));
    Schedule gets(begin, load_.gets_per_s, std::chrono::microseconds(2500));
    for (Time now = begin; now < end || busy_ > 0; now = steady_clock::now()) {
      while (now < end && lists.is_due(now)) waiting_.push_back({lists.take(), true});
      while (now < end && gets.is_due(now)) waiting_.push_back({gets.take(), false});
      start_waiting();
      int running = 0;
      curl_multi_perform(multi_, &running);
      finish_done();
      const auto rest = std::min(lists.next(), gets.next()) - steady_clock::now();
      const auto ms = std::chrono::ceil<std::chrono::milliseconds>(rest).count();
      curl_multi_poll(multi_, nullptr, 0, static_cast<int>(std::clamp<std::int64_t>(ms, 0, 50)),
                      nullptr);
    }
  }

  std::vector<double> list_ms;
  std::vector<double> get_ms;
  std::int64_t failed = 0;
  std::size_t bytes = 0;

 private:
  CURL* make() {
    CURL* easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_CAINFO, load_.ca.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, count_bytes);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, 10L);
    return easy;
  }

  void start_waiting() {
    while (!waiting_.empty() && !idle_.empty()) {
      CURL* easy = idle_.back();
      idle_.pop_back();
      auto* call = new Call(waiting_.front());
      waiting_.pop_front();
      const std::string group = std::to_string(random_() % static_cast<unsigned>(load_.groups));
      const std::string id =
          device_id(static_cast<std::int64_t>(random_() % static_cast<unsigned>(load_.devices)));
      const std::string url =
          load_.url + (call->list ? "/v1/devices?limit=100&presence=online&model=Group%20" + group
                                  : "/v1/devices/" + id);
      curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
      curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
      curl_easy_setopt(easy, CURLOPT_WRITEDATA, &call->bytes);
      curl_multi_add_handle(multi_, easy);
      ++busy_;
    }
  }

  void finish_done() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      Call* call = nullptr;
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call);
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      const std::unique_ptr<Call> owned(call);
      (owned->list ? list_ms : get_ms).push_back(ms_since(owned->due));
      failed += status == 200 ? 0 : 1;
      if (owned->list) bytes += owned->bytes;
      curl_multi_remove_handle(multi_, easy);
      idle_.push_back(easy);
      --busy_;
    }
  }

  const RestLoad& load_;
  CURLM* multi_;
  curl_slist* headers_ = nullptr;
  std::vector<CURL*> idle_;
  std::deque<Call> waiting_;
  int busy_ = 0;
  std::mt19937 random_{1};  // NOLINT: the same requests in every run
};

// On one connection, as the registry's own are.
std::vector<double> select_ones(const RestLoad& load) {
  pqxx::connection connection(load.database);
  connection.prepare("one", "SELECT 1");
  const Time begin = steady_clock::now();
  Schedule schedule(begin, load.selects_per_s, std::chrono::microseconds(1000));
  std::vector<double> taken_ms;
  while (schedule.next() < begin + std::chrono::seconds(load.seconds)) {
    const Time due = schedule.take();
    std::this_thread::sleep_until(due);
    pqxx::nontransaction(connection).exec_prepared("one");
    taken_ms.push_back(ms_since(due));
  }
  return taken_ms;
}

}  // namespace

double p99_ms(std::vector<double>& ms) {
  if (ms.empty()) return -1;
  std::sort(ms.begin(), ms.end());
  return ms[(ms.size() * 99 + 99) / 100 - 1];
}

Result<std::string> bearer_header(const RestLoad& load) {
  std::ifstream file(load.token_file);
  std::string token;
  if (!(file >> token)) return fail("bad_setting", "no token in " + load.token_file);
  return "Authorization: Bearer " + token;
}

Status ask(const RestLoad& load) {
  const auto bearer = bearer_header(load);
  if (!bearer) return tl::unexpected(bearer.error());
  curl_global_init(CURL_GLOBAL_DEFAULT);
  std::vector<double> select_ms;
  Asker asker(load, *bearer);
  {
    const std::jthread selects([&] {
      if (load.selects_per_s > 0) select_ms = select_ones(load);
    });
    asker.run();
  }
  const auto lists = asker.list_ms.size();
  const double list_p99 = p99_ms(asker.list_ms);  // sorts
  std::printf(
      "{\"lists\":%zu,\"failed\":%lld,\"list_p99_ms\":%.2f,\"list_p50_ms\":%.2f,"
      "\"get_p99_ms\":%.2f,\"select1_p99_ms\":%.2f,\"list_bytes\":%zu}\n",
      lists, static_cast<long long>(asker.failed), list_p99,
      lists == 0 ? -1 : asker.list_ms[lists / 2], p99_ms(asker.get_ms), p99_ms(select_ms),
      lists == 0 ? 0 : asker.bytes / lists);
  return {};
}

}  // namespace dmp::bench
