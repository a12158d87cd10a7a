#include "base/admin_port.h"

#include <thread>
#include <utility>

#include <httplib.h>

#include "base/endpoints.h"

namespace dmp {
namespace {

constexpr std::size_t kThreads = 2;
constexpr std::size_t kPayloadBytesMax = 4096;

void answer(httplib::Response& response, const Verdict& verdict) {
  response.status = verdict.good ? 200 : 503;
  response.set_content(verdict.reason + "\n", "text/plain; charset=utf-8");
}

// Empty: it may. A page in a browser on this machine can post to loopback too, but not without
// saying its origin.
std::string why_not_stop(const httplib::Request& request) {
  if (!is_loopback(request.remote_addr)) {
    return "only a program on this machine may stop this one; this request came from " +
           request.remote_addr + "\n";
  }
  if (!request.has_header("Origin")) return {};
  return "a browser's page may not stop this program; post without the header Origin, as curl "
         "does\n";
}

// The library's default is SO_REUSEPORT: two programs would share a port without a word.
void reuse_address_only(socket_t socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

}  // namespace

bool is_loopback(std::string_view address) {
  constexpr std::string_view kMapped = "::ffff:";
  if (address.starts_with(kMapped)) address.remove_prefix(kMapped.size());
  return address == "::1" || address.starts_with("127.");
}

struct AdminPort::Server {
  httplib::Server http;
  std::thread thread;
};

AdminPort::AdminPort(const Metrics& metrics, AdminChecks checks)
    : server_(std::make_unique<Server>()) {
  httplib::Server& http = server_->http;
  http.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  http.set_socket_options(reuse_address_only);
  http.set_payload_max_length(kPayloadBytesMax);
  http.set_read_timeout(5);
  http.set_write_timeout(5);
  http.set_keep_alive_timeout(1);
  http.Get("/livez", [live = std::move(checks.live)](const auto&, auto& response) {
    answer(response, live());
  });
  http.Get("/readyz", [ready = std::move(checks.ready)](const auto&, auto& response) {
    answer(response, ready());
  });
  for (auto& [name, part] : checks.parts) {
    http.Get("/readyz/" + name,
             [part = std::move(part)](const auto&, auto& response) { answer(response, part()); });
  }
  if (checks.stop) {
    const auto answer_stop = [stop = std::move(checks.stop)](const auto& request, auto& response) {
      const std::string why_not = why_not_stop(request);
      response.status = why_not.empty() ? 202 : 403;
      response.set_content(why_not.empty() ? "stopping\n" : why_not, "text/plain; charset=utf-8");
      if (why_not.empty()) stop();
    };
    http.Post("/stop", answer_stop);
    // The library refuses a POST that tells no length, such as curl's without a body. One that has
    // a body must not be answered here: what is not read of it would be taken for a request.
    http.set_pre_routing_handler([answer_stop](const auto& request, auto& response) {
      const bool is_bare_stop = request.method == "POST" && request.path == "/stop" &&
                                !request.has_header("Content-Length") &&
                                !request.has_header("Transfer-Encoding");
      if (!is_bare_stop) return httplib::Server::HandlerResponse::Unhandled;
      answer_stop(request, response);
      return httplib::Server::HandlerResponse::Handled;
    });
  }
  http.Get("/metrics", [&metrics](const auto&, auto& response) {
    response.set_content(metrics.text(), "text/plain; version=0.0.4; charset=utf-8");
  });
}

AdminPort::~AdminPort() { stop(); }

Result<int> AdminPort::run(const std::string& address, int port) {
  httplib::Server& http = server_->http;
  int bound = port;
  if (port == 0) {
    bound = http.bind_to_any_port(address);
  } else if (!http.bind_to_port(address, port)) {
    bound = -1;
  }
  if (bound < 0) {
    const std::string why = why_not_listen(address, port);
    return fail("address_in_use",
                "admin-address, admin-port: cannot listen at " + address + ":" +
                    std::to_string(port) + ": " +
                    (why.empty() ? "another program listened there; start this one again" : why));
  }
  server_->thread = std::thread([&http] { http.listen_after_bind(); });
  return bound;
}

void AdminPort::stop() {
  if (!server_->thread.joinable()) return;
  // stop() before the accept loop runs would be forgotten.
  while (!server_->http.is_running()) std::this_thread::yield();
  server_->http.stop();
  server_->thread.join();
}

}  // namespace dmp
