#include "registry/api/api_server.h"

#include <atomic>

#include "base/log.h"
#include "registry/adapters/pqxx_reader.h"
#include "registry/adapters/rest_listener.h"
#include "registry/adapters/token_file.h"
#include "registry/api/replica/replica.h"
#include "registry/api/service.h"
#include "registry/api/watch/watch_hub.h"

namespace dmp::registry {

struct ApiServer::Parts {
  ApiOptions options;
  Metrics& metrics;
  std::atomic<int> port{0};
  // In the order they start; they stop the other way round.
  std::unique_ptr<TokenFile> people;
  std::unique_ptr<api::Replica> replica;
  std::unique_ptr<api::WatchHub> watches;
  std::unique_ptr<api::Service> service;
  std::unique_ptr<RestListener> listener;
};

ApiServer::ApiServer(ApiOptions options, Metrics& metrics)
    : parts_(new Parts{.options = std::move(options),
                       .metrics = metrics,
                       .people = nullptr,
                       .replica = nullptr,
                       .watches = nullptr,
                       .service = nullptr,
                       .listener = nullptr}) {}

ApiServer::~ApiServer() { stop(); }

Status ApiServer::run() {
  const ApiOptions& options = parts_->options;
  auto people = TokenFile::open(options.tokens);
  if (!people) return tl::unexpected(people.error());
  parts_->people = std::move(*people);
  const auto connect = [database = options.database]() -> std::unique_ptr<api::Database> {
    return std::make_unique<PqxxReader>(PqxxReaderOptions{.database = database});
  };
  parts_->replica = std::make_unique<api::Replica>(
      api::Replica::Limits{.age_max = std::chrono::milliseconds(options.list_age_max_ms),
                           .bytes_max = static_cast<std::size_t>(options.list_mib_max) << 20},
      parts_->metrics);
  parts_->watches = std::make_unique<api::WatchHub>(
      api::WatchLimits{.watchers_max = static_cast<std::size_t>(options.watchers_max),
                       .bytes_max = static_cast<std::size_t>(options.watch_mib_max) << 20},
      *parts_->people, connect, parts_->metrics, parts_->replica.get());
  parts_->watches->run();
  parts_->service = std::make_unique<api::Service>(
      api::Service::Limits{.workers = static_cast<int>(options.workers),
                           .queue_max = static_cast<std::size_t>(options.queue_max),
                           .retention = options.retention},
      *parts_->people, connect, parts_->metrics, parts_->watches.get(), parts_->replica.get());
  parts_->service->run();
  parts_->listener = std::make_unique<RestListener>(
      [service = parts_->service.get()](const api::HttpRequest& request, api::Reply reply) {
        service->accept(request, std::move(reply));
      });
  const auto port = parts_->listener->run(options.address, static_cast<int>(options.port));
  if (!port) return tl::unexpected(port.error());
  parts_->port = *port;
  log_info("api_listening", {{"address", options.address}, {"port", *port}});
  return {};
}

void ApiServer::stop() {
  parts_->port = 0;
  // An open stream would keep the listener from closing.
  if (parts_->watches) parts_->watches->stop();
  if (parts_->listener) parts_->listener->stop({});
  if (parts_->service) parts_->service->stop();
}

Verdict ApiServer::ready() const {
  if (parts_->port == 0) return {false, "the API does not listen"};
  return parts_->service->ready();
}

void ApiServer::nudge() {
  if (parts_->watches) parts_->watches->nudge();
}

int ApiServer::port() const { return parts_->port; }

}  // namespace dmp::registry
