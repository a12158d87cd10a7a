#include "registry/core/fold.h"

#include <gtest/gtest.h>

#include "tests/registry/histories.h"

namespace dmp::registry {
namespace {

const RaeSerial kRae = rae_named("rae-1");

template <class Row, class Key>
void sort_by(std::vector<Row>& rows, Key&& key) {
  std::sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return key(a) < key(b); });
}

// Rows in the order of their keys, each history row once.
Rows sorted(Rows rows) {
  const auto session = [](const auto& row) { return std::tuple(row.rae, row.session); };
  sort_by(rows.updates.sessions, session);
  sort_by(rows.updates.events,
          [](const EventRow& row) { return std::tuple(row.rae, row.session, row.timestamp); });
  auto& events = rows.updates.events;
  events.erase(std::unique(events.begin(), events.end()), events.end());
  sort_by(rows.agents.raes, [](const RaeRow& row) { return row.rae; });
  sort_by(rows.agents.seen, session);
  sort_by(rows.agents.bridges, [](const BridgeRow& row) { return row.bridge; });
  return rows;
}

Rows folded(const std::vector<News>& news) {
  Fold fold;
  for (const News& one : news) fold.add(one);
  return sorted(fold.take());
}

TEST(Fold, makes_one_row_per_session_of_the_greatest_stamps) {
  Facets first;
  first.software = software_at(20, "new");
  Facets late;
  late.software = software_at(10, "old");
  late.presence = presence_at(10, PresenceStatus::kOnline);
  const Rows rows =
      folded({news_of(kRae, 1, change_at(21, first)), news_of(kRae, 1, change_at(11, late))});
  ASSERT_EQ(rows.updates.sessions.size(), 1U);
  const SessionRow& row = rows.updates.sessions[0];
  EXPECT_EQ(row.facets.software->fields.firmware_version, "new");
  EXPECT_EQ(row.facets.presence->fields.status, PresenceStatus::kOnline);
  EXPECT_EQ(row.seen_at.us, 21);
  EXPECT_EQ(rows.updates.events.size(), 2U) << "history is not folded";
}

TEST(Fold, keeps_history_of_changes_and_ends_but_not_of_snapshots_and_canaries) {
  const Rows rows =
      folded({news_of(kRae, 1, change_at(1, {})), news_of(kRae, 1, snapshot_at(2, {})),
              news_of(kRae, 1, ended_at(3, "expired")),
              news_of(rae_named("canary-1-1"), 1, change_at(4, {}))});
  ASSERT_EQ(rows.updates.events.size(), 2U);
  EXPECT_EQ(rows.updates.events[1].kind, UpdateKind::kEnded);
  EXPECT_EQ(rows.updates.events[1].reason, "expired");
  EXPECT_EQ(rows.updates.sessions.size(), 2U);
}

TEST(Fold, begins_anew_after_take) {
  Fold fold;
  fold.add(news_of(kRae, 1, change_at(1, {})));
  EXPECT_EQ(fold.take().count(), 2U);
  EXPECT_EQ(fold.take().count(), 0U);
}

TEST(Fold, does_not_depend_on_order_or_repetition) {
  EXPECT_TRUE(rc::check("a redelivered history folds to the same rows", [] {
    const std::vector<News> history = random_history();
    std::vector<News> again;
    for (const auto& batch : redelivered(history)) {
      again.insert(again.end(), batch.begin(), batch.end());
    }
    const Rows expected = folded(history);
    const Rows rows = folded(again);
    RC_ASSERT(rows.updates.sessions == expected.updates.sessions);
    RC_ASSERT(rows.updates.events == expected.updates.events);
    RC_ASSERT(rows.agents.raes == expected.agents.raes);
    RC_ASSERT(rows.agents.seen == expected.agents.seen);
    RC_ASSERT(rows.agents.bridges == expected.agents.bridges);
  }));
}

}  // namespace
}  // namespace dmp::registry
