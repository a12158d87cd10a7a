#include "registry/adapters/rest_listener.h"

#include <condition_variable>
#include <mutex>
#include <optional>

#include <arpa/inet.h>
#include <cpprest/http_listener.h>
#include <netinet/in.h>
#include <pplx/threadpool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "registry/adapters/watch_body.h"
#include "registry/api/problem.h"

namespace dmp::registry {
namespace {

using web::http::experimental::listener::http_listener;

// One deadlocks in close(). More only wake each other: turns are short, and the
// default of 40 doubles the CPU per request.
constexpr std::size_t kPoolThreads = 2;
constexpr int kOpenAttempts = 5;
// More than any body the API takes: that one names its own bound.
constexpr std::size_t kBodyBytesMax = 65536;

void start_pool_once() {
  static const bool kStarted = [] {
    crossplat::threadpool::initialize_with_threads(kPoolThreads);
    return true;
  }();
  static_cast<void>(kStarted);
}

// The library cannot listen on "any free port": ask the kernel for one and take it.
int free_port(const std::string& address) {
  sockaddr_in wanted{};
  wanted.sin_family = AF_INET;
  socklen_t bytes = sizeof wanted;
  if (inet_pton(AF_INET, address.c_str(), &wanted.sin_addr) != 1) return -1;
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return -1;
  auto* generic = reinterpret_cast<sockaddr*>(&wanted);
  const bool bound = bind(probe, generic, bytes) == 0 && getsockname(probe, generic, &bytes) == 0;
  close(probe);
  return bound ? ntohs(wanted.sin_port) : -1;
}

// The library writes header values as they are: a line break would start a header of its own.
bool is_header_safe(const std::string& value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) return false;
  }
  return true;
}

void set_header(web::http::http_response& message, const std::string& name,
                const std::string& value) {
  if (!is_header_safe(name) || !is_header_safe(value)) {
    log_error("api_header_refused", {{"name", name}, {"value", value}});
    return;
  }
  message.headers()[name] = value;
}

web::http::http_response to_message(const api::HttpResponse& response, bool with_body) {
  web::http::http_response message(static_cast<web::http::status_code>(response.status));
  if (with_body && response.stream) {
    message.set_body(body_of(response.stream), response.content_type);
  } else if (with_body) {
    message.set_body(response.body, response.content_type);
  }
  set_header(message, "Cache-Control", "no-store");
  set_header(message, "X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) set_header(message, name, value);
  return message;
}

api::HttpRequest to_request(const web::http::http_request& message) {
  api::HttpRequest request;
  request.method = message.method();
  request.target = message.relative_uri().to_string();
  const std::pair<const char*, std::string*> wanted[] = {
      {"Authorization", &request.authorization}, {"Accept", &request.accept},
      {"If-Match", &request.if_match},           {"If-None-Match", &request.if_none_match},
      {"Content-Type", &request.content_type},   {"Last-Event-ID", &request.last_event_id}};
  const auto& headers = message.headers();
  for (const auto& [name, value] : wanted) {
    if (const auto found = headers.find(name); found != headers.end()) *value = found->second;
  }
  return request;
}

bool has_body(const web::http::http_request& message) {
  const auto& method = message.method();
  return method == "PATCH" || method == "POST" || method == "PUT";
}

}  // namespace

struct RestListener::Server : std::enable_shared_from_this<Server> {
  explicit Server(Handler given) : handler(std::move(given)) {}

  // False once stopping.
  bool enter() {
    std::lock_guard lock(mutex);
    if (stopping) return false;
    ++open;
    return true;
  }

  void leave() {
    std::lock_guard lock(mutex);
    --open;
    idle.notify_all();
  }

  void send(web::http::http_request message, const api::HttpResponse& response,
            std::function<void()> done) {
    const bool with_body = message.method() != web::http::methods::HEAD;
    try {
      message.reply(to_message(response, with_body))
          .then([done, stream = response.stream](pplx::task<void> sent) {
            try {
              sent.get();
            } catch (const std::exception& error) {  // the client has gone
              log_debug("api_reply_failed", {{"error", error.what()}});
            }
            if (stream) stream->close();
            done();
          });
    } catch (const std::exception& error) {
      log_error("api_reply_failed", {{"error", error.what()}});
      if (response.stream) response.stream->close();
      done();
    }
  }

  // Whatever the action throws, the caller gets an answer, and none that tells of us.
  template <class Action>
  static void guarded(const api::Reply& reply, Action&& action) {
    try {
      action();
    } catch (const std::exception& error) {
      log_error("api_handler_failed", {{"error", error.what()}});
      reply(api::to_response(api::internal()));
    }
  }

  void handle(const web::http::http_request& message) {
    if (!enter()) return send(message, api::to_response(api::stopping()), [] {});
    const api::Reply reply = [self = shared_from_this(),
                              message](const api::HttpResponse& response) {
      self->send(message, response, [self] { self->leave(); });
    };
    guarded(reply, [&] {
      const api::HttpRequest request = to_request(message);
      has_body(message) ? handle_body(message, request, reply) : handler(request, reply);
    });
  }

  void handle_body(const web::http::http_request& message, const api::HttpRequest& request,
                   const api::Reply& reply) {
    if (message.headers().content_length() > kBodyBytesMax) {
      return reply(api::to_response(api::body_too_large(kBodyBytesMax)));
    }
    message.extract_vector().then([self = shared_from_this(), request,
                                   reply](const pplx::task<std::vector<unsigned char>>& body) {
      guarded(reply, [&] {
        api::HttpRequest whole = request;
        if (!read(body, whole.body)) {
          return reply(api::to_response(
              api::bad_body("the body", "the body did not come whole; send it again")));
        }
        self->handler(whole, reply);
      });
    });
  }

  // Takes the task, not its value: an exception of a task that nobody looks at ends the process.
  static bool read(const pplx::task<std::vector<unsigned char>>& body, std::string& text) {
    try {
      const auto bytes = body.get();
      text.assign(bytes.begin(), bytes.end());
      return true;
    } catch (const std::exception& error) {
      log_debug("api_body_not_read", {{"error", error.what()}});
      return false;
    }
  }

  Status open_at(const std::string& address, int port) {
    try {
      listener.emplace(
          web::uri_builder().set_scheme("http").set_host(address).set_port(port).to_uri());
      const auto handle_it = [self = shared_from_this()](const web::http::http_request& message) {
        self->handle(message);
      };
      listener->support(handle_it);
      // The library answers these itself unless they are named.
      for (const auto& method : {web::http::methods::TRCE, web::http::methods::OPTIONS}) {
        listener->support(method, handle_it);
      }
      listener->open().wait();
      return {};
    } catch (const std::exception& error) {
      listener.reset();
      return fail("address_in_use", error.what(), Retry::kYes);
    }
  }

  const Handler handler;
  std::optional<http_listener> listener;

  std::mutex mutex;
  std::condition_variable idle;
  // Protected by mutex.
  int open = 0;  // requests whose answer is not yet sent
  bool stopping = false;
};

RestListener::RestListener(Handler handler)
    : server_(std::make_shared<Server>(std::move(handler))) {}

RestListener::~RestListener() {
  stop({.drain = std::chrono::milliseconds(0), .linger = std::chrono::milliseconds(0)});
}

Result<int> RestListener::run(const std::string& address, int port) {
  start_pool_once();
  std::string reason = "it is not an IPv4 address of this machine";
  for (int attempt = 0; attempt < (port == 0 ? kOpenAttempts : 1); ++attempt) {
    const int wanted = port == 0 ? free_port(address) : port;
    if (wanted <= 0) break;
    const auto opened = server_->open_at(address, wanted);
    if (opened) return wanted;
    reason = opened.error().message;
  }
  return fail("address_in_use", "API port " + address + ":" + std::to_string(port) +
                                    " cannot be opened (" + reason +
                                    "); choose another --api-address or --api-port");
}

void RestListener::stop(Farewell farewell) {
  if (!server_->listener) return;
  const auto start = std::chrono::steady_clock::now();
  {
    std::unique_lock lock(server_->mutex);
    server_->stopping = true;
    // While the library closes it answers 404, which would be a lie: let callers go first.
    server_->idle.wait_until(lock, start + farewell.linger, [] { return false; });
    if (!server_->idle.wait_until(lock, start + farewell.drain,
                                  [this] { return server_->open == 0; })) {
      log_warning("api_requests_cut", {{"open", server_->open}});
    }
  }
  try {
    server_->listener->close().wait();
  } catch (const std::exception& error) {
    log_error("api_close_failed", {{"error", error.what()}});
  }
  server_->listener.reset();
}

}  // namespace dmp::registry
