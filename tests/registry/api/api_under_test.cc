#include "tests/registry/api/api_under_test.h"

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "registry/adapters/pqxx_migrations.h"
#include "tests/fixtures/waiting.h"

namespace dmp::registry {
namespace {

// SHA-256 of see-all, see-a, see-b, see-none.
constexpr const char* kTokens = R"({"tokens":[
  {"sha256":"7bafffba91061424c4b2f7eb6ce1603b17d40f2bb406ee2d4a66c6ecba3952aa",
   "subject":"all","role":"viewer","raes":["*"]},
  {"sha256":"ed6743cdf7d1c3127e933a2fe05ead97c3f9c371118ecfb77a0a676156d4b32c",
   "subject":"a","role":"operator","raes":["lab-a-*"]},
  {"sha256":"d8e06bed994180e4abef9d1cbfc49896fa41e94071138ec8561cb6ebe4869341",
   "subject":"b","role":"admin","raes":["lab-b-?","lab_b*"]},
  {"sha256":"c1a3264adc511aef066d902064581d997ac6b0806a117f2775a3df9ddad77fc7",
   "subject":"none","role":"viewer","raes":[]}]})";

const test::TestDatabase& migrated_database() {
  static const test::TestDatabase database;
  static const bool kMigrated = [] {
    std::signal(SIGPIPE, SIG_IGN);  // libpq writes to sockets whose peer may be gone
    if (const auto done = migrate(database.connection_string()); !done) {
      throw std::runtime_error(done.error().message);
    }
    return true;
  }();
  static_cast<void>(kMigrated);
  return database;
}

class RunningApi {
 public:
  explicit RunningApi(std::int64_t list_age_max_ms) {
    {
      std::ofstream file(tokens_);
      file << kTokens;
    }
    std::filesystem::permissions(tokens_, std::filesystem::perms::owner_read);
    server_ =
        std::make_unique<ApiServer>(ApiOptions{.database = migrated_database().connection_string(),
                                               .tokens = tokens_,
                                               .list_age_max_ms = list_age_max_ms},
                                    metrics_);
    const auto status = server_->run();
    if (!status) throw std::runtime_error(status.error().message);
  }

  ~RunningApi() { std::filesystem::remove(tokens_); }

  [[nodiscard]] int port() const { return server_->port(); }
  [[nodiscard]] std::string metrics() const { return metrics_.text(); }

 private:
  // One name for each: what is there stays until the end.
  const std::string tokens_ = (std::filesystem::temp_directory_path() /
                               ("dmp-tokens-" + std::to_string(getpid()) + "-" +
                                std::to_string(reinterpret_cast<std::uintptr_t>(this))))
                                  .string();
  Metrics metrics_;
  std::unique_ptr<ApiServer> server_;
};

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

std::string number(std::int64_t value) { return std::to_string(value); }

std::string micros_ago(int seconds) {
  return "CAST(extract(epoch FROM now()) * 1000000 AS BIGINT) - " + number(seconds) + "000000";
}

std::string seconds_ago(int seconds) {
  return "now() - INTERVAL '" + number(seconds) + " seconds'";
}

}  // namespace

std::string uuid(int number) {
  char text[37];
  std::snprintf(text, sizeof text, "%08x-0000-4000-8000-000000000000",
                static_cast<unsigned>(number));
  return text;
}

const test::TestDatabase& ApiUnderTest::database() { return migrated_database(); }

int ApiUnderTest::port() {
  migrated_database();  // constructed first, destroyed last
  static RunningApi api(0);
  return api.port();
}

struct ApiUnderTest::Memory {
  // Longer than any pause of a busy machine.
  RunningApi api{60'000};

  [[nodiscard]] int lists() const { return answered("lists"); }
  [[nodiscard]] int devices() const { return answered("single_devices"); }

  [[nodiscard]] int answered(const std::string& what) const {
    const std::string text = api.metrics();
    const std::string name = "dmp_registry_api_" + what + "_total{source=\"memory\"} ";
    const std::size_t at = text.find(name);
    return at == std::string::npos ? 0 : std::stoi(text.substr(at + name.size()));
  }
};

ApiUnderTest::ApiUnderTest() = default;
ApiUnderTest::~ApiUnderTest() = default;

int ApiUnderTest::port_from_memory() {
  if (!memory_) memory_ = std::make_unique<Memory>();
  const int before = memory_->lists();
  EXPECT_TRUE(test::wait_for([&] {
    HttpClient(memory_->api.port()).get("/v1/devices?limit=1", "see-all");
    return memory_->lists() > before;
  }));
  return memory_->api.port();
}

int ApiUnderTest::lists_from_memory() const { return memory_ ? memory_->lists() : 0; }
int ApiUnderTest::devices_from_memory() const { return memory_ ? memory_->devices() : 0; }

void ApiUnderTest::trust_for_an_hour() {
  database().execute(
      "UPDATE ingest SET beat_at = now() + INTERVAL '1 hour'; UPDATE bridge SET sent_at = sent_at"
      " + 3600000000; UPDATE rae SET last_heard_at = last_heard_at + 3600000000");
}

void ApiUnderTest::SetUp() {
  // TRUNCATE would lock the tables against a watch that still looks at them, and in another order.
  database().execute(
      "DELETE FROM rae; DELETE FROM device; DELETE FROM device_session; DELETE FROM device_state;"
      " DELETE FROM device_event; DELETE FROM ingest; DELETE FROM bridge; DELETE FROM audit");
  database().execute("INSERT INTO ingest (topic, partition) VALUES ('dmp.agents', 0)");
  database().execute("INSERT INTO bridge VALUES ('bridge-1', " + micros_ago(1) + ")");
}

void ApiUnderTest::add(const RaeRow& row) {
  database().execute(
      "INSERT INTO rae (rae, presence_at, presence_status, agent_version, last_heard_at, roster_at,"
      " bridge) VALUES (" +
      quoted(row.rae) + ", " + number(row.presence_at) + ", " + quoted(row.status) + ", '1.2.3', " +
      micros_ago(row.heard_s_ago) + ", " + number(row.roster_at) + ", " + quoted(row.bridge) + ")");
}

void ApiUnderTest::add(const SessionRow& row) {
  const std::string key = quoted(row.rae) + ", " + quoted(uuid(row.session)) + ", 1";
  database().execute(
      "INSERT INTO device_session (rae, device_session_id, reader, first_received_at, identity_at,"
      " device_id, model, onboarding_at, onboarding_state) VALUES (" +
      key + ", " + seconds_ago(row.first_received_s_ago) + ", 1, " +
      (row.device == 0 ? "NULL" : quoted(uuid(row.device))) + ", " + quoted(row.model) + ", 1, " +
      quoted(row.onboarding) + ")");
  database().execute(
      "INSERT INTO device_state (rae, device_session_id, reader, seen_at, ended_at, presence_at,"
      " presence_status, presence_changed_at, usage_at, usage_state, health_at, health_status)"
      " VALUES (" +
      key + ", " + number(row.seen_at) + ", " + number(row.ended_at) + ", 1, " +
      quoted(row.presence) + ", 77, 1, " + quoted(row.usage) + ", 1, " + quoted(row.health) + ")");
}

void ApiUnderTest::add(const EventRow& row) {
  database().execute(
      "INSERT INTO device_event (rae, device_session_id, timestamp, kind, reason, facets,"
      " received_at) VALUES (" +
      quoted(row.rae) + ", " + quoted(uuid(row.session)) + ", " + number(row.timestamp) + ", " +
      quoted(row.kind) + ", " + quoted(row.reason) + ", " + quoted(row.facets) + ", " +
      number(row.received_at) + ")");
}

nlohmann::json ApiUnderTest::get(const std::string& target, int expected_status,
                                 const std::string& token) {
  HttpClient client(port());
  const HttpAnswer answer = client.get(target, token);
  EXPECT_EQ(answer.status, expected_status) << target << "\n" << answer.body;
  return nlohmann::json::parse(answer.body, nullptr, false);
}

std::vector<std::string> ApiUnderTest::column(const nlohmann::json& list,
                                              const std::string& field) {
  std::vector<std::string> values;
  for (const auto& item : list.at("items")) values.push_back(item.at(field));
  return values;
}

std::vector<std::string> ApiUnderTest::codes(const nlohmann::json& item) {
  std::vector<std::string> values;
  for (const auto& blocker : item.at("blockers")) values.push_back(blocker.at("code"));
  return values;
}

}  // namespace dmp::registry
