// What every Store keeps, on the fake and on SQLite; and what only the file can show.
#include <filesystem>
#include <fstream>
#include <memory>

#include <gtest/gtest.h>

#include "local-registry/adapters/sqlite_database.h"
#include "local-registry/adapters/sqlite_store.h"
#include "tests/local-registry/fakes/fakes.h"

namespace dmp::local {
namespace {

const RaeSerial kRae = RaeSerial::parse("rae-1").value();

SessionId session(int number) {
  SessionId::Bytes bytes{};
  bytes[15] = static_cast<std::uint8_t>(number);
  return SessionId(bytes);
}

SessionRecord record(int number, const std::string& model) {
  SessionRecord made{session(number), "", {"roku-ecp", "dial"}, 3, {}};
  made.facets.identity.emplace().fields.model = model;
  made.facets.identity->timestamp = Timestamp{7};
  return made;
}

OutboxRow row(int number, std::int64_t stamp) {
  OutboxRow made{session(number), {UpdateKind::kChange, Timestamp{stamp}, {}, ""}};
  made.update.facets = record(number, "TV").facets;
  return made;
}

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dmp-store-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A store, and the same again as after a crash.
struct Case {
  virtual ~Case() = default;
  virtual Store& store() = 0;
  virtual Store& crashed() = 0;
};

struct FakeCase final : Case {
  Store& store() override { return fake; }
  Store& crashed() override { return fake; }
  FakeStore fake;
};

struct SqliteCase final : Case {
  SqliteCase() : live(SqliteStore::open(folder.file("a.db"), kRae).value()) {}
  Store& store() override { return live; }
  // The files as they are on disk while the store is still open, as a killed process leaves them.
  Store& crashed() override {
    const std::string copied = folder.file(std::to_string(++crashes) + ".db");
    for (const char* end : {"", "-wal"}) {
      std::filesystem::copy_file(folder.file("a.db") + end, copied + end);
    }
    copy = std::make_unique<SqliteStore>(SqliteStore::open(copied, kRae).value());
    return *copy;
  }
  Folder folder;
  SqliteStore live;
  int crashes = 0;
  std::unique_ptr<SqliteStore> copy;
};

class StoreContract : public testing::TestWithParam<const char*> {
 protected:
  StoreContract() {
    if (std::string(GetParam()) == "fake") {
      each_ = std::make_unique<FakeCase>();
    } else {
      each_ = std::make_unique<SqliteCase>();
    }
  }
  Store& store() { return each_->store(); }
  Stored after_crash() { return each_->crashed().load().value(); }

 private:
  std::unique_ptr<Case> each_;
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, testing::Values("fake", "sqlite"),
                         [](const auto& parameter) { return std::string(parameter.param); });

TEST_P(StoreContract, begins_empty) {
  const Stored stored = store().load().value();
  EXPECT_EQ(stored.ceiling.us, 0);
  EXPECT_TRUE(stored.sessions.empty());
  EXPECT_TRUE(stored.outbox.empty());
}

TEST_P(StoreContract, keeps_a_whole_transaction_over_a_crash) {
  ASSERT_TRUE(
      store().commit({Timestamp{99}, {record(2, "B"), record(1, "A")}, {}, {row(1, 10)}, {}}));
  const Stored stored = after_crash();
  EXPECT_EQ(stored.ceiling.us, 99);
  EXPECT_EQ(stored.sessions, (std::vector<SessionRecord>{record(2, "B"), record(1, "A")}))
      << "in the order of their first detection";
  EXPECT_EQ(stored.outbox, std::vector<OutboxRow>{row(1, 10)});
}

TEST_P(StoreContract, replaces_a_session_and_its_row) {
  ASSERT_TRUE(store().commit({{}, {record(1, "A"), record(2, "B")}, {}, {row(1, 10)}, {}}));
  ASSERT_TRUE(store().commit({{}, {record(1, "C")}, {}, {row(1, 11)}, {}}));
  const Stored stored = after_crash();
  EXPECT_EQ(stored.sessions, (std::vector<SessionRecord>{record(1, "C"), record(2, "B")}));
  EXPECT_EQ(stored.outbox, std::vector<OutboxRow>{row(1, 11)});
}

TEST_P(StoreContract, frees_a_row_only_by_the_stamp_it_carries) {
  ASSERT_TRUE(store().commit({{}, {}, {}, {row(1, 10)}, {}}));
  ASSERT_TRUE(store().commit({{}, {}, {}, {}, {{session(1), Timestamp{9}}}}));
  EXPECT_EQ(after_crash().outbox.size(), 1u);
  ASSERT_TRUE(store().commit({{}, {}, {}, {}, {{session(1), Timestamp{10}}}}));
  EXPECT_TRUE(after_crash().outbox.empty());
}

TEST_P(StoreContract, keeps_the_kind_of_a_row) {
  OutboxRow snapshot = row(1, 12);
  snapshot.update.kind = UpdateKind::kSnapshot;
  ASSERT_TRUE(store().commit({{}, {}, {}, {snapshot, row(2, 13)}, {}}));
  EXPECT_EQ(after_crash().outbox, (std::vector<OutboxRow>{snapshot, row(2, 13)}));
}

TEST_P(StoreContract, goes_back_with_its_clock_when_it_is_told_to) {
  ASSERT_TRUE(store().commit({Timestamp{99}, {}, {}, {}, {}}));
  ASSERT_TRUE(store().commit({Timestamp{42}, {}, {}, {}, {}}));
  EXPECT_EQ(after_crash().ceiling.us, 42);
}

TEST_P(StoreContract, keeps_the_end_of_a_session_it_forgot) {
  OutboxRow end = row(1, 12);
  end.update.kind = UpdateKind::kEnded;
  end.update.reason = "expired";
  ASSERT_TRUE(store().commit({{}, {record(1, "A")}, {}, {row(1, 10)}, {}}));
  ASSERT_TRUE(store().commit({{}, {}, {session(1)}, {end}, {}}));
  const Stored stored = after_crash();
  EXPECT_TRUE(stored.sessions.empty());
  EXPECT_EQ(stored.outbox, std::vector<OutboxRow>{end});
}

TEST(SqliteStore, refuses_a_ceiling_it_cannot_read) {
  const Folder folder;
  ASSERT_TRUE(
      SqliteStore::open(folder.file("a.db"), kRae)->commit({Timestamp{99}, {}, {}, {}, {}}));
  auto database = SqliteDatabase::open(folder.file("a.db"));
  ASSERT_TRUE(database);
  ASSERT_TRUE(database->execute("UPDATE meta SET value = '9x' WHERE name = 'ceiling'"));
  EXPECT_FALSE(SqliteStore::open(folder.file("a.db"), kRae)->load());
}

TEST(SqliteStore, keeps_only_its_clock_under_another_serial) {
  const Folder folder;
  {
    auto store = SqliteStore::open(folder.file("a.db"), kRae);
    ASSERT_TRUE(store->commit({Timestamp{99}, {record(1, "A")}, {}, {row(1, 10)}, {}}));
  }
  auto store = SqliteStore::open(folder.file("a.db"), RaeSerial::parse("rae-2").value());
  const Stored stored = store->load().value();
  EXPECT_EQ(stored.ceiling.us, 99);
  EXPECT_TRUE(stored.sessions.empty());
  EXPECT_TRUE(stored.outbox.empty());
}

TEST(SqliteStore, says_clearly_what_is_wrong_with_its_file) {
  const Folder folder;
  std::ofstream(folder.file("a.db")) << std::string(8192, 'x');
  const auto damaged = SqliteStore::open(folder.file("a.db"), kRae);
  ASSERT_FALSE(damaged);
  EXPECT_NE(damaged.error().message.find(folder.file("a.db")), std::string::npos);
  const auto missing = SqliteStore::open(folder.file("no/such/folder/a.db"), kRae);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("unable to open"), std::string::npos);
}

TEST(SqliteStore, changes_nothing_when_a_transaction_fails) {
  const Folder folder;
  auto store = SqliteStore::open(folder.file("a.db"), kRae);
  ASSERT_TRUE(store->commit({Timestamp{1}, {}, {}, {}, {}}));
  auto blocker = SqliteDatabase::open(folder.file("a.db"));
  ASSERT_TRUE(
      blocker->execute("CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN"
                       " SELECT RAISE(ABORT, 'no room'); END"));
  EXPECT_FALSE(store->commit({Timestamp{2}, {record(1, "A")}, {}, {row(1, 10)}, {}}));
  const Stored stored = store->load().value();
  EXPECT_EQ(stored.ceiling.us, 1);
  EXPECT_TRUE(stored.sessions.empty());
  ASSERT_TRUE(blocker->execute("DROP TRIGGER full"));
  EXPECT_TRUE(store->commit({Timestamp{2}, {record(1, "A")}, {}, {row(1, 10)}, {}}));
}

}  // namespace
}  // namespace dmp::local
