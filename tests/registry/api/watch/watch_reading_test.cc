// Which devices a look reads again; the database is told what to answer.
#include "registry/api/watch/watch_reading.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "registry/api/item/item.h"

namespace dmp::registry::api {
namespace {

const std::string kSession = "00000000-0000-4000-8000-00000000005e";
const std::string kOld = "00000000-0000-4000-8000-000000000001";
const std::string kNew = "00000000-0000-4000-8000-000000000002";

Rows row(const std::vector<std::string>& cells) {
  Rows rows(cells.size());
  for (const std::string& cell : cells) rows.add(cell);
  return rows;
}

// A row of item_columns: this session of this device.
Rows item(const std::string& session, const std::string& device) {
  std::vector<std::string> cells(item_column_count());
  cells[0] = device;
  cells[item_column("device_session_id")] = session;
  return row(cells);
}

class ToldReader final : public Reader {
 public:
  Result<Rows> read(const Statement& statement) override {
    const auto starts = [&](const Statement& other) {
      return statement.text.substr(0, 20) == other.text.substr(0, 20);
    };
    if (starts(watch_clock())) return row({std::to_string(now_us += 250'000), "f"});
    if (starts(watch_changes({}, 0, false))) return std::exchange(changes, Rows(5));
    if (starts(watch_doubts(false))) return doubts;
    if (statement.text.starts_with("SELECT DISTINCT device_id")) {
      return std::exchange(devices_of_rae, Rows(1));
    }
    if (starts(watch_devices_of_sessions({}, {}))) {
      ++asked_for_devices;
      return row({kSession, kNew});
    }
    return Rows(3);
  }

  std::int64_t now_us = 1'000'000'000;
  Rows changes{5};
  Rows doubts{4};
  Rows devices_of_rae{1};
  int asked_for_devices = 0;
};

TEST(WatchReading, reads_the_device_that_a_session_left_also_if_it_was_seen_with_the_next_before) {
  ToldReader reader;
  WatchReading reading(reader);
  ASSERT_TRUE(reading.start(false));
  std::set<std::string> visited;
  const auto look = [&] {
    visited.clear();
    return reading.look_for_changes(false, [&](const WatchReading::Devices& devices) {
      visited.insert(devices.begin(), devices.end());
      return true;
    });
  };
  reading.note(item(kSession, kOld));
  ASSERT_TRUE(look());
  EXPECT_TRUE(visited.empty());

  // The new device is read for a reason of its own before the session's change is found.
  reading.note(item(kSession, kNew));
  reader.changes = row({"1", std::to_string(reader.now_us), "lab-1", kSession, kNew});
  ASSERT_TRUE(look());
  EXPECT_EQ(visited, (std::set<std::string>{kOld, kNew}));
  ASSERT_TRUE(look());
  EXPECT_TRUE(visited.empty());
}

// Its doubt is as the next look for deadlines finds it, but was not when the others were read.
TEST(WatchReading, reads_all_devices_of_a_rae_of_which_one_was_read_under_another_doubt) {
  for (const std::string before : {"", "rae_silent"}) {
    for (const std::string seen : {"", "rae_silent"}) {
      for (const std::string after : {"", "rae_silent"}) {
        SCOPED_TRACE(before + ", " + seen + ", " + after);
        ToldReader reader;
        WatchReading reading(reader);
        reader.doubts = row({"lab-1", before, "f", "1"});
        ASSERT_TRUE(reading.start(false));
        std::vector<std::string> cells(item_column_count());
        cells[0] = kOld;
        cells[item_column("rae")] = "lab-1";
        cells[item_column("doubt")] = seen;
        reading.note(row(cells));
        reader.doubts = row({"lab-1", after, "f", "1"});
        reader.devices_of_rae = row({kNew});
        std::set<std::string> visited;
        ASSERT_TRUE(reading.look_for_deadlines(false, [&](const WatchReading::Devices& devices) {
          visited.insert(devices.begin(), devices.end());
          return true;
        }));
        EXPECT_EQ(visited.contains(kNew), before != seen || before != after);
      }
    }
  }
}

TEST(WatchReading, asks_for_the_device_of_a_session_only_if_nothing_has_told_it) {
  ToldReader reader;
  WatchReading reading(reader);
  ASSERT_TRUE(reading.start(false));
  std::set<std::string> visited;
  const auto look = [&] {
    visited.clear();
    return reading.look_for_changes(false, [&](const WatchReading::Devices& devices) {
      visited.insert(devices.begin(), devices.end());
      return true;
    });
  };
  const auto changed = [&](const std::string& table, const std::string& device) {
    return row({table, std::to_string(reader.now_us), "lab-1", kSession, device});
  };
  reader.changes = changed("0", "");
  ASSERT_TRUE(look());
  EXPECT_EQ(visited, std::set<std::string>{kNew}) << "the state of an unknown session";
  EXPECT_EQ(reader.asked_for_devices, 1);

  reader.changes = changed("1", kOld);
  ASSERT_TRUE(look());
  EXPECT_EQ(visited, std::set<std::string>{kOld}) << "its row says which device it is of";
  reader.changes = changed("1", "");
  ASSERT_TRUE(look());
  EXPECT_TRUE(visited.empty()) << "of none";

  reading.note(item(kSession, kOld));
  reader.changes = changed("0", "");
  ASSERT_TRUE(look());
  EXPECT_EQ(visited, std::set<std::string>{kOld}) << "known from its item";
  EXPECT_EQ(reader.asked_for_devices, 1);
}

}  // namespace
}  // namespace dmp::registry::api
