// The tables are what schema/facets.h describes, however and how often they were made.
#include <map>
#include <thread>

#include "schema/upsert.h"
#include "tests/registry/store_fixture.h"

namespace dmp::registry {
namespace {

const std::map<std::string, std::string> kSqlNames = {{"TEXT", "text"},    {"BOOL", "boolean"},
                                                      {"INT4", "integer"}, {"BIGINT", "bigint"},
                                                      {"UUID", "uuid"},    {"JSONB", "jsonb"}};

TEST(Migrations, make_the_columns_the_description_of_the_facets_names) {
  const test::TestDatabase database;
  ASSERT_TRUE(migrate(database.connection_string()));
  for (const std::string table : {"device_session", "device_state"}) {
    std::map<std::string, std::string> actual;
    for (const auto& row :
         database.rows("SELECT column_name, data_type FROM information_schema.columns"
                       " WHERE table_schema = current_schema() AND table_name = '" +
                       table + "'")) {
      actual[row[0]] = row[1];
    }
    std::map<std::string, std::string> expected = {{"rae", "text"},
                                                   {"device_session_id", "uuid"},
                                                   {"reader", "integer"},
                                                   {"changed_at", "timestamp with time zone"}};
    if (table == "device_session") {
      expected["first_received_at"] = "timestamp with time zone";
    } else {
      expected.insert({{"seen_at", "bigint"}, {"ended_at", "bigint"}, {"end_reason", "text"}});
    }
    for (const FacetColumns& facet : facet_columns()) {
      if (facet.table != table) continue;
      for (std::size_t i = 0; i < facet.names.size(); ++i) {
        expected[facet.names[i]] = kSqlNames.at(facet.types[i]);
      }
    }
    EXPECT_EQ(actual, expected) << table;
  }
}

TEST(Migrations, are_applied_once_and_in_order) {
  const test::TestDatabase database;
  const auto first = migrate(database.connection_string());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->front(), "0001_rae.sql");
  EXPECT_TRUE(std::is_sorted(first->begin(), first->end()));
  const auto second = migrate(database.connection_string());
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->empty());
  EXPECT_EQ(database.cell("SELECT count(*) FROM schema_migration"), std::to_string(first->size()));
}

TEST(Migrations, two_at_once_both_succeed) {
  const test::TestDatabase database;
  std::vector<SqlResult<std::vector<std::string>>> results(4);
  {
    std::vector<std::jthread> threads;
    for (auto& result : results) {
      threads.emplace_back([&] { result = migrate(database.connection_string()); });
    }
  }
  for (const auto& result : results) {
    EXPECT_TRUE(result) << result.error().sqlstate << " " << result.error().message;
  }
  PqxxStore store(database.connection_string());
  EXPECT_TRUE(store.beat({{"dmp.agents", 0, 0}}));
}

TEST(Migrations, one_cut_short_is_finished_by_the_next) {
  const test::TestDatabase database;
  ASSERT_TRUE(migrate(database.connection_string()));
  database.execute("DELETE FROM schema_migration WHERE name > '0003'");
  const auto again = migrate(database.connection_string());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->front(), "0003_device_session.sql");
}

TEST(Migrations, say_why_they_cannot_run) {
  const test::TestDatabase database;
  const auto refused = migrate(database.connection_string() + " dbname=nowhere");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, SqlFault::kConfiguration);
  EXPECT_NE(refused.error().message.find("nowhere"), std::string::npos);
}

}  // namespace
}  // namespace dmp::registry
