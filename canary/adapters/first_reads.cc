#include "canary/adapters/first_reads.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include <httplib.h>

#include "canary/core/exposition.h"

namespace dmp::canary {
namespace {

using Json = nlohmann::json;

// What passes: the server's own errors, and that it wants to be asked later.
bool is_passing(int status) { return status >= 500 || status == 408 || status == 429; }

std::string says(const httplib::Result& answer) {
  return answer ? "status " + std::to_string(answer->status) : httplib::to_string(answer.error());
}

tl::unexpected<Error> bad(const std::string& setting, const std::string& value,
                          const std::string& why) {
  return fail("bad_setting", "setting " + setting + ": " + value + ": " + why);
}

tl::unexpected<Error> nothing_there(const std::string& setting, const std::string& url,
                                    const httplib::Result& answer) {
  return fail("unreachable", "setting " + setting + ": " + url + ": " + says(answer) +
                                 ": is the stack up (./dmp up) and is --" + setting + " right?");
}

bool is_list(const std::string& body) {
  const Json page = Json::parse(body, nullptr, false);
  return page.is_object() && page.contains("items") && page["items"].is_array();
}

// Whether those are the metrics of a registry, whatever its role.
bool is_registry(std::string_view metrics) {
  return metrics.find("dmp_registry_") != std::string_view::npos;
}

}  // namespace

Result<std::string> first_read_of_rest(const RestAccess& access, const std::string& token_file) {
  httplib::Client client(access.url);
  client.set_ca_cert_path(access.ca);
  client.set_connection_timeout(kFirstReadWithinS);
  client.set_read_timeout(kFirstReadWithinS);
  client.set_bearer_token_auth(access.token);
  const auto began = std::chrono::steady_clock::now();
  const auto answer = client.Get("/v1/devices?canary=1&limit=1");
  const bool late =
      std::chrono::steady_clock::now() - began >= std::chrono::seconds(kFirstReadWithinS);
  const std::string warning =
      "REST did not answer before the run began: " + access.url + ": " + says(answer);
  if (answer && answer->status == 200 && is_list(answer->body)) return std::string();
  if (answer && (answer->status == 401 || answer->status == 403)) {
    return bad("rest-token", token_file,
               "the REST API at " + access.url + " does not take this token (" + says(answer) +
                   "); name the file with the token that it was given");
  }
  if (answer && is_passing(answer->status)) return warning;
  if (answer) {
    return bad("rest", access.url,
               "/v1/devices answered with " + says(answer) +
                   (answer->status == 200 ? " and no list of devices" : "") +
                   "; name the registry's REST API");
  }
  if (answer.error() == httplib::Error::SSLServerVerification) {
    return bad("rest-ca", access.ca,
               "not the authority of " + access.url +
                   ", or that certificate names another host; name its authority and its host");
  }
  if (late || answer.error() == httplib::Error::Read) return warning;
  if (answer.error() == httplib::Error::SSLConnection) {
    return bad("rest", access.url, "no TLS handshake: does this port speak HTTPS?");
  }
  return nothing_there("rest", access.url, answer);
}

Result<std::string> first_read_of_metrics(const std::string& setting, const std::string& url,
                                          std::span<const std::string_view> names) {
  httplib::Client client(url);
  client.set_connection_timeout(kFirstReadWithinS);
  client.set_read_timeout(kFirstReadWithinS);
  const auto answer = client.Get("/metrics");
  if (!answer || is_passing(answer->status)) {
    return "setting " + setting + ": " + url +
           "/metrics did not answer before the run began: " + says(answer) +
           "; figures that come from there are missing until it does";
  }
  if (answer->status == 200 && has_all(answer->body, names)) return std::string();
  if (answer->status == 200 && is_registry(answer->body)) {
    return bad(setting, url,
               "no ingest here: name the admin address of an instance that has the role ingest");
  }
  return bad(setting, url,
             "/metrics answered with " + says(answer) + " and has no " + std::string(names[0]) +
                 ": another program's; name that program's admin port");
}

}  // namespace dmp::canary
