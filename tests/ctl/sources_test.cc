// What dmpctl reads, written by those who write it: the agent's SQLite file and the registry's
// tables.
#include <filesystem>

#include <gtest/gtest.h>

#include "ctl/adapters/pqxx_cloud.h"
#include "ctl/adapters/sqlite_agent.h"
#include "local-registry/adapters/sqlite_store.h"
#include "registry/adapters/pqxx_migrations.h"
#include "registry/adapters/pqxx_store.h"
#include "registry/core/fold.h"
#include "tests/ctl/records.h"
#include "tests/fixtures/postgres.h"

namespace dmp::ctl {
namespace {

class SourcesTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(registry::migrate(database_.connection_string()));
    std::string pattern = (std::filesystem::temp_directory_path() / "dmp-ctl-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string file() const { return folder_ + "/agent.db"; }

  // The agent keeps the session and has a change of it to send.
  void agent_keeps(const SessionId& session, const Facets& facets) {
    auto store = local::SqliteStore::open(file(), kRae);
    ASSERT_TRUE(store) << store.error().message;
    local::Transaction transaction;
    transaction.keep.push_back({session, "", {}, 0, facets});
    transaction.send.push_back({session, {UpdateKind::kChange, {50}, facets, ""}});
    ASSERT_TRUE(store->commit(transaction));
  }

  void cloud_stores(const SessionId& session, const Facets& facets) {
    registry::Fold fold;
    fold.add(
        registry::UpdateNews{kRae, session, {UpdateKind::kSnapshot, {50}, facets, ""}, "", {60}});
    const auto written = store_.write(fold.take());
    ASSERT_TRUE(written) << written.error().message;
  }

  std::vector<Difference> differences() {
    const auto agent = SqliteAgent().read(file());
    EXPECT_TRUE(agent) << agent.error().message;
    std::vector<SessionId> sessions;
    for (const auto& [id, facets] : agent->sessions) sessions.push_back(id);
    const auto cloud = PqxxCloud(database_.connection_string()).read(kRae, sessions);
    EXPECT_TRUE(cloud) << cloud.error().message;
    return compare(*agent, *cloud);
  }

  test::TestDatabase database_;
  registry::PqxxStore store_{database_.connection_string()};
  std::string folder_;
};

TEST_F(SourcesTest, both_sides_read_alike_what_the_programs_wrote) {
  agent_keeps(kSession, facets_at(10, "B\u00e4r \"Ultra\""));
  cloud_stores(kSession, facets_at(10, "B\u00e4r \"Ultra\""));
  const auto agent = SqliteAgent().read(file());
  ASSERT_TRUE(agent) << agent.error().message;
  EXPECT_EQ(agent->rae, kRae);
  EXPECT_EQ(agent->unconfirmed, 1);
  EXPECT_TRUE(differences().empty());
}

TEST_F(SourcesTest, a_difference_of_each_kind_is_found) {
  agent_keeps(kSession, facets_at(10, "Ultra"));
  Facets other = facets_at(9, "Ultra");
  other.presence->timestamp = {11};
  cloud_stores(kSession, other);
  cloud_stores(kOther, facets_at(5, "Ghost"));
  const auto found = differences();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].kind, Kind::kLost);
  EXPECT_EQ(found[1].kind, Kind::kStale);
  EXPECT_EQ(found[2].kind, Kind::kPhantom);
}

TEST_F(SourcesTest, a_file_or_database_that_cannot_be_read_is_an_error_that_names_it) {
  const auto agent = SqliteAgent().read(folder_ + "/none.db");
  ASSERT_FALSE(agent);
  EXPECT_NE(agent.error().message.find("none.db"), std::string::npos) << agent.error().message;
  const auto cloud = PqxxCloud("host=127.0.0.1 port=1 dbname=dmp").read(kRae, {});
  ASSERT_FALSE(cloud);
  EXPECT_EQ(cloud.error().code, "cloud_unreadable");
}

}  // namespace
}  // namespace dmp::ctl
