#include "registry/api/service.h"

#include <chrono>

#include "base/log.h"
#include "registry/api/answers.h"
#include "registry/api/openapi/openapi.h"
#include "registry/api/problem.h"
#include "registry/api/watch/watch_query.h"

namespace dmp::registry::api {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kNotYet = "no database connection yet";

// How often an idle worker looks whether the database is still there and the tokens changed.
constexpr std::chrono::seconds kIdle{1};

const std::vector<double>& latency_bounds() {
  static const std::vector<double> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                              0.1,   0.25,   0.5,   1,    2.5};
  return kBounds;
}

const Statement& probe_statement() {
  static const Statement kProbe{.text = "SELECT behind FROM read_clock", .values = {}};
  return kProbe;
}

}  // namespace

Service::Service(Limits limits, People& people, std::function<std::unique_ptr<Database>()> connect,
                 Metrics& metrics, WatchHub* watches, Replica* replica)
    : limits_(limits),
      people_(people),
      connect_(std::move(connect)),
      metrics_(metrics),
      watches_(watches),
      replica_(replica),
      doctor_(metrics),
      depth_(metrics.gauge("dmp_registry_api_queue_depth", "Requests waiting for a worker")),
      in_flight_gauge_(metrics.gauge("dmp_registry_api_in_flight", "Requests not yet answered")),
      queue_(limits.queue_max, limits.queue_max * kTargetBytesMax),
      trouble_(kNotYet) {}

Service::~Service() { stop(); }

void Service::run() {
  for (int i = 0; i < limits_.workers; ++i) workers_.emplace_back([this] { work(); });
}

void Service::stop() {
  stopping_ = true;
  queue_.close();
  workers_.clear();  // joins
}

Verdict Service::ready() const {
  std::lock_guard lock(mutex_);
  return {trouble_.empty(),
          trouble_.empty() ? "the API reaches the database" : "the API cannot read: " + trouble_};
}

void Service::accept(const HttpRequest& request, Reply reply) {
  const SteadyTime now = steady_clock::now();
  in_flight_gauge_.set(++in_flight_);
  if (auto page = documentation(request)) {
    return finish("documentation", now, std::move(*page), reply);
  }
  auto principal = authorise(request.authorization);
  if (!principal) return finish("none", now, to_response(principal.error()), reply);
  if (watches_ != nullptr && is_watch(request)) {
    return watch(request, std::move(*principal), now, std::move(reply));
  }
  auto query = parse_request(request);
  if (!query) return finish("none", now, to_response(query.error()), reply);

  const std::string_view route = route_name(*query);
  Job job{std::move(*query), std::move(*principal), now, std::move(reply)};
  if (!queue_.try_push(std::move(job), request.target.size() + request.body.size())) {
    metrics_
        .counter("dmp_registry_api_rejected_total", "Requests refused because the queue was full")
        .add();
    return finish(route, now, to_response(too_busy()), job.reply);
  }
  depth_.set(static_cast<double>(queue_.size()));
}

// Counts as answered when the stream begins.
void Service::watch(const HttpRequest& request, Principal principal, SteadyTime accepted,
                    Reply reply) {
  std::string token(*bearer_token(request.authorization));
  watches_->accept(request, std::move(principal), std::move(token),
                   [this, accepted, reply = std::move(reply)](HttpResponse response) {
                     finish("/v1/devices?watch=1", accepted, std::move(response), reply);
                   });
}

Answer<Principal> Service::authorise(const std::string& authorization) const {
  const auto token = bearer_token(authorization);
  if (!token) return tl::unexpected(unauthorized(false));
  auto principal = people_.find(*token);
  if (!principal) return tl::unexpected(unauthorized(true));
  return std::move(*principal);
}

void Service::work() {
  const std::unique_ptr<Database> database = connect_();
  probe(*database);
  SteadyTime next_refresh = steady_clock::now() + kIdle;
  for (;;) {
    auto job = queue_.pop_until(next_refresh);
    const SteadyTime now = steady_clock::now();
    if (job) {
      serve(std::move(*job), *database);
    } else if (stopping_) {
      return;
    }
    if (now < next_refresh) continue;
    people_.refresh();
    if (!job) probe(*database);
    next_refresh = now + kIdle;
  }
}

void Service::serve(Job job, Database& database) {
  depth_.set(static_cast<double>(queue_.size()));
  const SteadyTime began = steady_clock::now();
  auto answered = answer(job.query, job.principal, limits_.retention, doctor_, database, replica_);
  tell_followers(job.query, began);
  HttpResponse response = answered ? std::move(*answered) : to_response(answered.error());
  if (answered) {
    if (!response.from_memory) note_trouble("");
  } else if (response.status >= 500) {
    metrics_
        .counter("dmp_registry_api_sql_errors_total", "Requests that failed at the database",
                 {{"code", answered.error().code}})
        .add();
    if (answered.error().code == "database_away") note_trouble(answered.error().title);
  }
  finish(route_name(job.query), job.accepted, std::move(response), job.reply);
}

// Before the answer goes out: its reader may list at once. What was not written, too, may be.
void Service::tell_followers(const Query& query, SteadyTime began) {
  const bool wrote = std::holds_alternative<PatchQuery>(query);
  const SteadyTime now = steady_clock::now();
  if (wrote && replica_ != nullptr) replica_->wrote(began, now);
  if (watches_ == nullptr) return;
  if (wrote) watches_->nudge();
  const bool wanted = replica_ != nullptr && replica_->is_wanted(now);
  if (wanted && std::holds_alternative<DevicesQuery>(query)) watches_->lists_wanted();
}

void Service::probe(Reader& reader) {
  const auto rows = reader.read(probe_statement());
  note_trouble(rows ? "" : rows.error().message);
}

// Logs only the change: a database that is away for an hour is one line, and one when it is back.
void Service::note_trouble(const std::string& trouble) {
  std::lock_guard lock(mutex_);
  if (trouble.empty() && !trouble_.empty()) log_info("api_database_reached");
  if (!trouble.empty() && (trouble_.empty() || trouble_ == kNotYet)) {
    log_error("api_database_away", {{"error", trouble}});
  }
  trouble_ = trouble;
}

void Service::finish(std::string_view route, SteadyTime accepted, HttpResponse response,
                     const Reply& reply) {
  const std::string name(route);
  metrics_
      .counter("dmp_registry_api_requests_total", "Requests by route and status",
               {{"route", name}, {"status", std::to_string(response.status)}})
      .add();
  const std::chrono::duration<double> taken = steady_clock::now() - accepted;
  metrics_
      .histogram("dmp_registry_api_request_seconds", "From acceptance to the answer",
                 latency_bounds(), {{"route", name}})
      .observe(taken.count());
  in_flight_gauge_.set(--in_flight_);
  reply(std::move(response));
}

}  // namespace dmp::registry::api
