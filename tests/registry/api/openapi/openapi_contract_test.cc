// What the running API answers, held against its own description of it.
#include <regex>

#include "schema/codec.h"
#include "schema/facets.h"
#include "tests/registry/api/api_under_test.h"
#include "tests/registry/api/openapi/json_schema.h"

namespace dmp::registry {
namespace {

using api::Operation;
using api::resolved;
using Names = std::set<std::string>;

struct Asked {
  std::string target;
  int status = 200;
  std::string method = "GET";
  std::string headers{};
  std::string body{};
  std::string token = "see-a";  // an operator
};

std::string quoted(const std::string& text) { return "'" + text + "'"; }

// Something for every column, so that every field is shown.
std::string sample(const std::string&) { return "'x'"; }
std::string sample(bool) { return "true"; }
std::string sample(std::int32_t) { return "7"; }
std::string sample(WallTime) { return "77"; }
std::string sample(const std::vector<Claim>&) {
  return quoted(encode(std::vector<Claim>{{"serial", "1", "roku-ecp", "high"}}));
}
std::string sample(const std::vector<Interface>&) {
  return quoted(encode(std::vector<Interface>{{"eth0", "00:00:5e:00:53:01", {"192.0.2.1"}, {}}}));
}
std::string sample(const std::vector<HealthReason>&) {
  return quoted(encode(std::vector<HealthReason>{{"slow", "answers late", {77}}}));
}

template <class T>
std::string assignment(std::string_view column, const T& value) {
  return std::string(column) + " = " + sample(value);
}
// The word stays, and one that is not known stands beside it.
template <class Enum>
std::string assignment(std::string_view column, const Known<Enum>&) {
  return std::string(column) + "_text = 'x'";
}

class OpenapiContract : public ApiUnderTest {
 protected:
  // Device 1 can be used and has every field; device 2 is offline, provisional and held.
  void SetUp() override {
    ApiUnderTest::SetUp();
    add(RaeRow{});
    add(SessionRow{});
    add(SessionRow{.session = 2, .device = 2, .presence = "offline", .onboarding = "onboarding"});
    const Facets none;
    each_facet(none, [&]<class Fields>(FacetNames facet, const std::optional<Facet<Fields>>&) {
      fill<Fields>(std::string(facet.name), std::string(facet.table));
    });
    database().execute("UPDATE device_session SET provisional = false WHERE device_id = " +
                       quoted(uuid(1)));
    for (const int device : {1, 2}) {
      database().execute(
          "INSERT INTO device (device_id, labels, note, hold_by, hold_reason, hold_until, revision)"
          " VALUES ('" +
          uuid(device) +
          R"(', '{"lab": "LA"}', 'left', 'me', 'cable', now() + INTERVAL '1 day', 1))");
    }
    add(EventRow{.facets = R"({"presence":{"timestamp":1000,"status":"online"},)"
                           R"("usage":{"timestamp":1000,"state":"in_test","holder":"run"}})"});
    add(EventRow{.timestamp = 2000, .received_at = 6000, .kind = "ended", .reason = "expired"});
  }

  template <class Fields>
  static void fill(const std::string& facet, const std::string& table) {
    std::string columns =
        facet + "_at = 1, " + facet + "_observed_at = 77, " + facet + "_source = 'x'";
    const Fields fields{};
    Fields::each(fields, [&]<class T>(FieldNames names, const T& value) {
      if constexpr (!std::is_same_v<T, DeviceId>) {
        columns += ", " + assignment(names.column, value);
      }
    });
    database().execute("UPDATE " + table + " SET " + columns);
  }

  static HttpAnswer ask(const Asked& asked) {
    HttpClient client(port());
    client.send(asked.method + " " + asked.target + " HTTP/1.1\r\nHost: test\r\n" +
                (asked.token.empty() ? "" : "Authorization: Bearer " + asked.token + "\r\n") +
                asked.headers +
                (asked.method == "GET"
                     ? ""
                     : "Content-Length: " + std::to_string(asked.body.size()) + "\r\n") +
                "\r\n" + asked.body);
    return client.receive();
  }

  // What is not as described of the answer; empty if nothing.
  static std::string fault(const Operation& operation, const HttpAnswer& answer) {
    const auto& responses = operation.json->at("responses");
    const std::string status = std::to_string(answer.status);
    if (!responses.contains(status)) return status + " is not described";
    const api::Json& response = resolved(responses.at(status));
    for (const auto& [name, value] : answer.headers) {
      if (!is_described(response, name)) return "the header " + name + " is not described";
    }
    const bool has_content = response.contains("content");
    if (answer.body.empty()) return has_content ? "the body is missing" : "";
    if (!has_content) return "a body is not described";
    const std::string given = answer.headers.at("content-type");
    const std::string type = given.substr(0, given.find(';'));
    if (!response.at("content").contains(type)) return type + " is not described";
    if (type.find("json") == std::string::npos || type == "application/x-ndjson") return "";
    return api::schema_fault(response.at("content").at(type).at("schema"), answer.body);
  }

  static bool is_described(const api::Json& response, const std::string& name) {
    static const Names kOfEveryAnswer = {"content-length",         "content-type", "connection",
                                         "x-content-type-options", "date",         "cache-control"};
    if (kOfEveryAnswer.count(name) > 0) return true;
    if (!response.contains("headers")) return false;
    for (const auto& [described, ignored] : response.at("headers").items()) {
      std::string lower;
      for (const char c : described) lower += static_cast<char>(std::tolower(c));
      if (lower == name) return true;
    }
    return false;
  }

  static const Operation& operation_of(const Asked& asked) {
    const std::string path = asked.target.substr(0, asked.target.find('?'));
    const Operation* best = nullptr;
    for (const Operation& operation : api::operations()) {
      std::string pattern = std::regex_replace(operation.path, std::regex(R"(\{\w+\})"), "[^/]+");
      pattern = std::regex_replace(pattern, std::regex(R"(\.)"), "\\.");
      if (operation.method == asked.method && std::regex_match(path, std::regex(pattern))) {
        best = &operation;
      }
    }
    if (best == nullptr) throw std::runtime_error("no operation for " + asked.target);
    return *best;
  }
};

std::vector<Asked> requests() {
  const std::string one = "/v1/devices/" + uuid(1);
  const std::string patched = "If-Match: *\r\nContent-Type: application/merge-patch+json\r\n";
  const std::string note = R"({"note":"right"})";
  std::vector<Asked> all = {
      {"/v1/devices"},
      {"/v1/devices?limit=1&count=estimate&sort=-model"},
      {"/v1/devices?fields=identity.model,presence&filter=labels.lab==LA"},
      {"/v1/devices", 200, "GET", "Accept: text/csv\r\n"},
      {"/v1/devices", 200, "GET", "Accept: application/x-ndjson\r\n"},
      {"/v1/devices", 406, "GET", "Accept: image/png\r\n"},
      {one, 304, "GET", "If-None-Match: *\r\n"},
      {one, 200, "PATCH", patched, note},
      {one, 403, "PATCH", patched, note, "see-all"},
      {"/v1/devices/" + uuid(2), 409, "PATCH", patched, note},
      {one, 412, "PATCH", "If-Match: \"9\"\r\nContent-Type: application/json\r\n", note},
      {one, 413, "PATCH", patched, std::string(70000, ' ')},
      {one, 415, "PATCH", "If-Match: *\r\nContent-Type: text/plain\r\n", note},
      {one, 428, "PATCH", "Content-Type: application/json\r\n", note},
      {one, 400, "PATCH", patched, R"({"colour":"red"})"},
      {one + "/events?limit=1"},
      {one + "/explain"},
      {"/v1/devices/" + uuid(2) + "/explain"},
      {one + "/timeline?from=1"},
      {one + "/diff?from=1"},
      {"/v1/devices/" + uuid(7) + "/diff?from=1", 404},
      {"/v1/attributes"},
      {"/v1/attributes/identity.model"},
      {"/v1/attributes/labels?rae=lab-a-1"},
      {"/v1/attributes/schedulable", 404},
      {"/v1/raes"},
      {"/openapi.json", 200, "GET", "", "", ""},
      {"/docs", 200, "GET", "", "", ""},
      {"/openapi.json", 304, "GET", "If-None-Match: *\r\n", "", ""},
      {"/docs", 304, "GET", "If-None-Match: *\r\n", "", ""},
  };
  for (const char* part : {"", "/events", "/explain", "/timeline"}) {
    all.push_back({one + part});
    all.push_back({"/v1/devices/" + uuid(7) + part, 404});
  }
  all.push_back({"/v1/devices/" + uuid(7), 404, "PATCH", patched, note});
  const std::size_t routes = all.size();
  for (std::size_t i = 0; i < routes; ++i) {
    const Asked asked = all[i];
    if (asked.status != 200) continue;
    const std::string path = asked.target.substr(0, asked.target.find('?'));
    if (!asked.token.empty()) all.push_back({path, 401, asked.method, "", asked.body, ""});
    all.push_back({path + "?no-such=1", 400, asked.method, asked.headers, asked.body});
    all.push_back(
        {path + "?x=" + std::string(5000, 'x'), 414, asked.method, asked.headers, asked.body});
  }
  return all;
}

TEST_F(OpenapiContract, every_answer_is_as_described_and_every_status_described_is_answered) {
  // What the edge answers (tests/compose/haproxy_test.py), what needs a broken database
  // (api_server_test.cc, server_life_test.cc), and what needs a watch (watch_contract_test.cc).
  const Names elsewhere = {"408", "410", "411", "429", "500", "502", "503", "504"};
  std::vector<Asked> all = requests();
  all.push_back(
      {"/v1/devices/" + uuid(1) + "?at=" + database().cell("SELECT now_us FROM read_clock")});
  std::map<const Operation*, Names> seen;
  for (const Asked& asked : all) {
    SCOPED_TRACE(asked.method + " " + asked.target.substr(0, 100) + " " + asked.headers);
    const Operation& operation = operation_of(asked);
    const HttpAnswer answer = ask(asked);
    EXPECT_EQ(answer.status, asked.status) << answer.body.substr(0, 300);
    EXPECT_EQ(fault(operation, answer), "") << answer.body.substr(0, 3000);
    seen[&operation].insert(std::to_string(answer.status));
  }
  for (const Operation& operation : api::operations()) {
    SCOPED_TRACE(operation.method + " " + operation.path);
    Names described = operation.statuses();
    for (const std::string& status : elsewhere) described.erase(status);
    EXPECT_EQ(seen[&operation], described);
  }
}

TEST_F(OpenapiContract, every_field_that_is_described_is_shown_once_it_is_known) {
  const api::Json device = api::Json::parse(ask({"/v1/devices/" + uuid(1)}).body);
  Names shown;
  for (const auto& [name, value] : device.items()) {
    if (!value.is_object() || name == "labels") {
      shown.insert(name);
      continue;
    }
    for (const auto& [field, ignored] : value.items()) shown.insert(name + "." + field);
  }
  EXPECT_EQ(shown, api::flat_properties(
                       resolved(api::document().at("components").at("schemas").at("Device"))));
}

}  // namespace
}  // namespace dmp::registry
