// Random histories, reordered, repeated and cut anyhow, end as the model says: in the fake store
// that other tests rely on, and in a real PostgreSQL.
#include "tests/registry/fakes.h"
#include "tests/registry/histories.h"
#include "tests/registry/store_fixture.h"

namespace dmp::registry {
namespace {

std::string number(std::int64_t value) { return std::to_string(value); }

template <class Fields>
std::string stamp_of(const std::optional<Facet<Fields>>& facet) {
  return number(facet ? facet->timestamp.us : 0);
}

// The model as rows of text, as the queries below give them.
test::Rows sessions_of(const FakeStore& model) {
  test::Rows rows;
  for (const auto& [key, row] : model.sessions) {
    const Facets& facets = row.facets;
    const bool slow = facets.identity || facets.software;
    rows.push_back(
        {row.rae.str(), row.session.str(), number(row.seen_at.us), number(row.ended_at.us),
         row.end_reason, stamp_of(facets.presence),
         std::string(facets.presence ? facets.presence->fields.status.word() : "unknown"),
         slow ? stamp_of(facets.identity) : "NULL", slow ? stamp_of(facets.software) : "NULL",
         slow ? (facets.identity ? facets.identity->fields.model : "") : "NULL",
         slow ? (facets.software ? facets.software->fields.firmware_version : "") : "NULL"});
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

constexpr const char* kSessions =
    "SELECT t.rae, t.device_session_id, seen_at, ended_at, end_reason, presence_at, "
    "presence_status, "
    "identity_at, software_at, model, firmware_version FROM device_state t LEFT JOIN "
    "device_session s "
    "ON s.rae = t.rae AND s.device_session_id = t.device_session_id";

test::Rows raes_of(const FakeStore& model) {
  test::Rows rows;
  for (const auto& [rae, row] : model.raes) {
    rows.push_back({rae.str(), number(row.presence.timestamp.us),
                    std::string(row.presence.status.word()), number(row.last_heard_at.us),
                    row.bridge, number(row.roster_at.us)});
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

constexpr const char* kRaes =
    "SELECT rae, presence_at, presence_status, last_heard_at, bridge, roster_at FROM rae";

test::Rows events_of(const FakeStore& model) {
  test::Rows rows;
  for (const auto& [key, row] : model.events) {
    rows.push_back({row.rae.str(), row.session.str(), number(row.timestamp.us),
                    row.kind == UpdateKind::kEnded ? "ended" : "change", row.reason, row.facets});
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

constexpr const char* kEvents =
    "SELECT rae, device_session_id, timestamp, kind, reason, facets FROM device_event";

test::Rows sorted(test::Rows rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

Rows folded(const std::vector<News>& news) {
  Fold fold;
  for (const News& one : news) fold.add(one);
  return fold.take();
}

// What must come out: every message alone, once, in order.
void say_all(const std::vector<News>& history, FakeStore& model) {
  for (const News& news : history) {
    RC_ASSERT(model.write(folded({news})).has_value());
  }
}

TEST(FakeStore, ends_as_the_model_whatever_the_delivery) {
  EXPECT_TRUE(rc::check("the fake converges", [] {
    const std::vector<News> history = random_history();
    FakeStore store;
    for (const auto& batch : redelivered(history)) {
      RC_ASSERT(store.write(folded(batch)).has_value());
    }
    FakeStore model;
    say_all(history, model);
    RC_ASSERT(sessions_of(store) == sessions_of(model));
    RC_ASSERT(raes_of(store) == raes_of(model));
    RC_ASSERT(events_of(store) == events_of(model));
  }));
}

class Convergence : public StoreTest {};

TEST_F(Convergence, postgresql_ends_as_the_model_whatever_the_delivery) {
  EXPECT_TRUE(rc::check("the database converges", [this] {
    database_.execute(
        "TRUNCATE rae; TRUNCATE device_session; TRUNCATE device_state; TRUNCATE device_event; "
        "TRUNCATE bridge");
    const std::vector<News> history = random_history();
    for (const auto& batch : redelivered(history)) {
      const auto written = store_.write(folded(batch));
      RC_ASSERT(written.has_value());
    }
    FakeStore model;
    say_all(history, model);
    RC_ASSERT(sorted(database_.rows(kSessions)) == sessions_of(model));
    RC_ASSERT(sorted(database_.rows(kRaes)) == raes_of(model));
    RC_ASSERT(sorted(database_.rows(kEvents)) == events_of(model));
    const auto before = versions();
    for (const auto& batch : redelivered(history)) {
      RC_ASSERT(store_.write(folded(batch)).has_value());
    }
    RC_ASSERT(versions() == before);
  }));
}

}  // namespace
}  // namespace dmp::registry
