// ApiUnderTest: the whole API over a real PostgreSQL, with rows put there by hand.
//
// Tokens: "see-all" sees every RAE, "see-a" those of lab-a-*, "see-b" those of lab-b-*, "see-none"
// none. The server is one for the whole process; each test starts with empty tables, a registry
// that keeps up, and bridge-1 alive.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/metrics.h"
#include "registry/api/api_server.h"
#include "tests/fixtures/postgres.h"
#include "tests/registry/api/http_client.h"

namespace dmp::registry {

// A UUID that tells in a failure which one it is: uuid(7) = 00000007-0000-4000-8000-000000000000.
std::string uuid(int number);

struct RaeRow {
  std::string rae = "lab-a-1";
  std::string status = "online";
  int presence_at = 100;
  int roster_at = 100;
  int heard_s_ago = 5;
  std::string bridge = "bridge-1";
};

struct SessionRow {
  std::string rae = "lab-a-1";
  int session = 1;
  int device = 1;  // 0: no identity yet
  std::string model = "Model 1";
  std::string presence = "online";
  std::string onboarding = "active";
  std::string usage = "available";
  std::string health = "good";
  int seen_at = 200;
  int ended_at = 0;
  int first_received_s_ago = 60;
};

struct EventRow {
  std::string rae = "lab-a-1";
  int session = 1;
  std::int64_t timestamp = 1000;
  std::int64_t received_at = 5000;
  std::string facets = "{}";
  std::string kind = "change";
  std::string reason{};
};

class ApiUnderTest : public testing::Test {
 protected:
  ApiUnderTest();
  ~ApiUnderTest() override;

  void SetUp() override;

  static const test::TestDatabase& database();
  // Of an API that reads everything from the database.
  static int port();

  // Of one that has read all devices there are now and answers lists and single devices from
  // memory; whatever is put into the database afterwards must have changed_at, or it will not see
  // it.
  int port_from_memory();
  // How many of them that one has answered from memory.
  [[nodiscard]] int lists_from_memory() const;
  [[nodiscard]] int devices_from_memory() const;

  // Nothing that is there now will be doubted before the end of the test.
  static void trust_for_an_hour();

  void add(const RaeRow& row);
  void add(const SessionRow& row);
  void add(const EventRow& row);

  // GET on a connection of its own; the body as JSON.
  nlohmann::json get(const std::string& target, int expected_status = 200,
                     const std::string& token = "see-all");

  // The `field` of every item of a list answer.
  static std::vector<std::string> column(const nlohmann::json& list, const std::string& field);
  static std::vector<std::string> codes(const nlohmann::json& item);

 private:
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

}  // namespace dmp::registry
