#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <deque>
#include <fstream>
#include <pqxx/pqxx>
#include <random>
#include <thread>
#include <unordered_map>

#include "tests/bench/curl_loop.h"
#include "tests/bench/rest_load.h"

namespace dmp::bench {
namespace {

using std::chrono::steady_clock;
using Time = CurlLoop::Time;

// Of a client that keeps them. Requests beyond wait for one, and their time runs.
constexpr std::size_t kConnections = 32;
constexpr long kPatienceS = 10;
// Idle ones are not used again after that: the edge closes them after 5.
constexpr long kIdleS = 4;

enum Kind : std::size_t { kList, kGet, kPlain };
constexpr std::size_t kKinds = 3;

double ms_since(Time begin) {
  return std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count();
}

std::size_t count_bytes(const char*, std::size_t, std::size_t bytes, void* sum) {
  *static_cast<std::size_t*>(sum) += bytes;
  return bytes;
}

// As tests/bench/load.cc names them.
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
  Schedule(Time begin, std::int64_t per_s)
      : next_(per_s == 0 ? Time::max() : begin), step_(per_s == 0 ? 0 : 1'000'000 / per_s) {}

  [[nodiscard]] Time next() const { return next_; }
  Time take() { return std::exchange(next_, next_ + step_); }

 private:
  Time next_;
  std::chrono::microseconds step_;
};

struct Call {
  Time due;
  Kind kind = kList;
  std::size_t bytes = 0;
};

class Asker {
 public:
  Asker(const RestLoad& load, const std::string& bearer)
      : load_(load),
        headers_(curl_slist_append(nullptr, bearer.c_str())),
        loop_([this](CURL* easy, bool whole) { finish(easy, whole); }) {
    for (std::size_t i = 0; i < kConnections; ++i) idle_.push_back(make());
  }
  ~Asker() {
    for (CURL* easy : idle_) curl_easy_cleanup(easy);
    curl_slist_free_all(headers_);
  }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  // Until every request that was due has its answer.
  void run() {
    const Time begin = steady_clock::now();
    const Time end = begin + std::chrono::seconds(load_.seconds);
    std::array<Schedule, kKinds> schedules = {Schedule(begin, load_.lists_per_s),
                                              Schedule(begin, load_.gets_per_s),
                                              Schedule(begin, load_.plain_per_s)};
    bool all_due = false;
    for (Time now = begin; !all_due || !calls_.empty() || !waiting_.empty();
         now = steady_clock::now()) {
      all_due = now >= end;
      Time next = end;
      for (std::size_t kind = 0; kind < kKinds; ++kind) {
        Schedule& due = schedules[kind];
        while (due.next() <= now && due.next() < end) {
          waiting_.push_back({.due = due.take(), .kind = static_cast<Kind>(kind)});
        }
        next = std::min(next, due.next());
      }
      start_waiting();
      loop_.serve_until(all_due ? now + std::chrono::seconds(1) : next);
    }
  }

  std::array<Times, kKinds> times;
  std::int64_t failed = 0;
  std::size_t bytes = 0;  // of lists

 private:
  CURL* make() {
    CURL* easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_CAINFO, load_.ca.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, count_bytes);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, kPatienceS);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, kIdleS);
    return easy;
  }

  std::string path(Kind kind) {
    const auto below = [this](std::int64_t count) {
      return std::uniform_int_distribution<std::int64_t>(0, count - 1)(random_);
    };
    switch (kind) {
      case kList:
        return "?limit=100&presence=online&model=Group%20" + std::to_string(below(load_.groups));
      case kGet:
        return "/" + device_id(below(load_.devices));
      case kPlain:
        break;
    }
    return "/x";  // no device_id: refused at once
  }

  void start_waiting() {
    for (; !waiting_.empty() && !idle_.empty(); waiting_.pop_front()) {
      CURL* easy = idle_.back();
      idle_.pop_back();
      Call& call = calls_[easy] = waiting_.front();
      const std::string url = load_.url + "/v1/devices" + path(call.kind);
      curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
      curl_easy_setopt(easy, CURLOPT_WRITEDATA, &call.bytes);
      loop_.add(easy);
    }
  }

  void finish(CURL* easy, bool whole) {
    const Call call = calls_.at(easy);
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    const bool good = whole && status == (call.kind == kPlain ? 404 : 200);
    if (good) times[call.kind].add(ms_since(call.due));
    if (good && call.kind == kList) bytes += call.bytes;
    failed += good ? 0 : 1;
    calls_.erase(easy);
    idle_.push_back(easy);
  }

  const RestLoad& load_;
  curl_slist* const headers_;
  CurlLoop loop_;
  std::vector<CURL*> idle_;
  std::unordered_map<CURL*, Call> calls_;  // under way
  std::deque<Call> waiting_;
  std::mt19937 random_{1};  // NOLINT: the same requests in every run
};

// On one connection, as the registry's own are.
Times select_ones(const RestLoad& load) {
  Times times;
  if (load.selects_per_s == 0) return times;
  pqxx::connection connection(load.database);
  connection.prepare("one", "SELECT 1");
  const Time begin = steady_clock::now();
  Schedule schedule(begin, load.selects_per_s);
  while (schedule.next() < begin + std::chrono::seconds(load.seconds)) {
    const Time due = schedule.take();
    std::this_thread::sleep_until(due);
    pqxx::nontransaction(connection).exec_prepared("one");
    times.add(ms_since(due));
  }
  return times;
}

void print(std::string_view name, Times& times) {
  std::printf("\"%s_count\":%zu,\"%s_p50_ms\":%.3f,\"%s_p99_ms\":%.3f,", name.data(), times.count(),
              name.data(), times.percentile(50), name.data(), times.percentile(99));
}

}  // namespace

double Times::percentile(std::size_t percent) {
  if (ms_.empty()) return -1;
  std::sort(ms_.begin(), ms_.end());
  return ms_[(ms_.size() * percent + 99) / 100 - 1];
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
  Times selects;
  Asker asker(load, *bearer);
  {
    const std::jthread beside([&] { selects = select_ones(load); });
    asker.run();
  }
  std::printf("{");
  print("list", asker.times[kList]);
  print("get", asker.times[kGet]);
  print("plain", asker.times[kPlain]);
  print("select1", selects);
  std::printf("\"failed\":%lld,\"list_bytes\":%zu}\n", static_cast<long long>(asker.failed),
              asker.bytes / std::max<std::size_t>(1, asker.times[kList].count()));
  return {};
}

}  // namespace dmp::bench
