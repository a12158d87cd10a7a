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

  // From now on every change of a session's firmware to a smaller number is kept in `went_back`.
  void watch_firmware() const {
    database_.execute(
        "CREATE TABLE went_back (old BIGINT, new BIGINT);"
        "CREATE FUNCTION note_back() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO "
        "went_back VALUES (OLD.firmware_version::BIGINT, NEW.firmware_version::BIGINT); RETURN "
        "NEW; END';"
        "CREATE TRIGGER watch BEFORE UPDATE ON device_session FOR EACH ROW WHEN "
        "(NEW.firmware_version::BIGINT < OLD.firmware_version::BIGINT) EXECUTE FUNCTION "
        "note_back()");
  }
  [[nodiscard]] std::string went_back() const {
    return database_.cell("SELECT count(*) FROM went_back");
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
