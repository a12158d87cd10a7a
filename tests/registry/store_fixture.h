// A migrated database and a store on it, and how to see whether a row was touched.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "registry/adapters/pqxx_migrations.h"
#include "registry/adapters/pqxx_store.h"
#include "tests/fixtures/postgres.h"
#include "tests/registry/messages.h"

namespace dmp::registry {

class StoreTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(migrate(database_.connection_string())); }

  Written write(const std::vector<News>& news, int decoder = kDecoder) {
    Fold fold;
    for (const News& one : news) fold.add(one);
    const auto written = store_.write_as(fold.take(), decoder);
    EXPECT_TRUE(written) << written.error().sqlstate << " " << written.error().message;
    return written ? *written : Written{};
  }

  // Every row with its version and place: both change when it is merely touched.
  [[nodiscard]] test::Rows versions() const {
    test::Rows all;
    for (const std::string table :
         {"rae", "device_session", "device_state", "device_event", "bridge"}) {
      const auto rows = database_.rows("SELECT '" + table + "', xmin, ctid, t::TEXT FROM " + table +
                                       " t ORDER BY t::TEXT");
      all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
  }

  test::TestDatabase database_;
  PqxxStore store_{database_.connection_string()};
  RaeSerial rae_ = rae_named("rae-1");
};

}  // namespace dmp::registry
