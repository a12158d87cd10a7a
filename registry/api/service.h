// Service: takes requests in, lets a few workers answer them from the database.
//
// accept() parses, authorises and queues, and never blocks; a full queue refuses with 503. A
// request that cannot be served is refused at once: it never costs a database call. Each worker
// owns one Database. Watches go to the hub. Thread-safe. People, Metrics, the hub and the
// replica must outlive it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/admin_port.h"
#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "registry/api/device/explain.h"
#include "registry/api/http.h"
#include "registry/api/people.h"
#include "registry/api/query/queries.h"
#include "registry/api/reader.h"
#include "registry/api/watch/watch_hub.h"
#include "registry/core/retention.h"

namespace dmp::registry::api {

class Service {
 public:
  struct Limits {
    int workers = 3;
    std::size_t queue_max = 256;  // requests; together kTargetBytesMax each of target and body
    Retention retention{};        // of the history, as the janitor keeps it
  };

  Service(Limits limits, People& people, std::function<std::unique_ptr<Database>()> connect,
          Metrics& metrics, WatchHub* watches = nullptr, Replica* replica = nullptr);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void run();

  // Answers what is queued, then joins the workers. Idempotent.
  void stop();

  // `reply` is called exactly once, here or by a worker.
  void accept(const HttpRequest& request, Reply reply);

  // Good while the workers reach the database; says why not.
  [[nodiscard]] Verdict ready() const;

 private:
  struct Job {
    Query query;
    Principal principal;
    SteadyTime accepted;
    Reply reply;
  };

  void work();
  void serve(Job job, Database& database);
  void tell_followers(const Query& query, SteadyTime began);
  void probe(Reader& reader);
  void note_trouble(const std::string& trouble);
  void finish(std::string_view route, SteadyTime accepted, HttpResponse response,
              const Reply& reply);
  Answer<Principal> authorise(const std::string& authorization) const;
  void watch(const HttpRequest& request, Principal principal, SteadyTime accepted, Reply reply);

  const Limits limits_;
  People& people_;
  const std::function<std::unique_ptr<Database>()> connect_;
  Metrics& metrics_;
  WatchHub* const watches_;  // null: none are served
  Replica* const replica_;   // null: all is read from the database; else `watches_` feeds it
  Doctor doctor_;
  Gauge depth_;
  Gauge in_flight_gauge_;
  std::atomic<int> in_flight_{0};
  std::atomic<bool> stopping_{false};
  BoundedQueue<Job> queue_;
  std::vector<std::jthread> workers_;

  mutable std::mutex mutex_;
  // Protected by mutex_.
  std::string trouble_;  // why the database cannot be read; empty while it can
};

}  // namespace dmp::registry::api
