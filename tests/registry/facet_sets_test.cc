// A batch is stored by the smallest statement that has its facets, and as any other would store it.
#include <rapidcheck.h>

#include "tests/registry/store_fixture.h"

namespace dmp::registry {
namespace {

using test::Rows;

Facets facets_of(FacetSet set, std::int64_t stamp, const std::string& source) {
  Facets facets;
  std::size_t number = 0;
  each_facet(facets, [&](FacetNames, auto& facet) {
    if (!set[number++]) return;
    facet.emplace();
    facet->timestamp = {stamp};
    facet->source = source;
  });
  return facets;
}

const FacetSet kAll = FacetSet().set();

class FacetSets : public StoreTest {
 protected:
  // What is stored of two RAEs' sessions, and when: each row beside the other RAE's same row.
  [[nodiscard]] Rows pairs(const RaeSerial& one, const RaeSerial& other) const {
    const auto of_table = [&](const std::string& table) {
      const std::string stored = " - 'rae' - 'changed_at' - 'first_received_at' - 'xmin'";
      return "(SELECT to_jsonb(a)" + stored + ", to_jsonb(b)" + stored +
             ", a.changed_at, b.changed_at, a.xmin, b.xmin FROM (SELECT *, xmin FROM " + table +
             " WHERE rae = '" + one.str() + "') a FULL JOIN (SELECT *, xmin FROM " + table +
             " WHERE rae = '" + other.str() +
             "') b ON a.device_session_id = b.device_session_id"
             " ORDER BY COALESCE(a.device_session_id, b.device_session_id))";
    };
    return database_.rows(of_table("device_session") + " UNION ALL " + of_table("device_state"));
  }
};

TEST(FacetSetOfABatch, is_the_smallest_that_has_all_its_facets) {
  for (unsigned bits = 0; bits <= kAll.to_ulong(); ++bits) {
    const FacetSet facets(bits);
    UpdateRows rows;
    for (std::size_t number = 0; number < facets.size(); ++number) {  // each in a row of its own
      rows.sessions.emplace_back();
      rows.sessions.back().facets = facets_of(facets & FacetSet().set(number), 1, "");
    }
    const FacetSet chosen = facets_for(rows);
    EXPECT_EQ(facets & chosen, facets);
    for (const FacetSet set : update_facet_sets()) {
      if ((facets & set) == facets) {
        EXPECT_LE(chosen.count(), set.count()) << facets;
      }
    }
  }
}

TEST_F(FacetSets, each_stores_its_facets_and_leaves_the_others) {
  std::int64_t stamp = 100;
  write({news_of(rae_, 1, change_at(stamp, facets_of(kAll, stamp, "first")))});
  const auto columns = facet_columns();
  for (const FacetSet set : update_facet_sets()) {
    std::string sources;
    for (std::size_t number = 0; number < set.size(); ++number) {
      sources += (number == 0 ? "" : ", ") + columns[number].facet + "_source";
    }
    const std::string query =
        "SELECT " + sources + " FROM device_session JOIN device_state USING (rae)";
    auto expected = database_.rows(query)[0];
    stamp += 10;
    const std::string source = "of " + set.to_string();
    for (std::size_t number = 0; number < set.size(); ++number) {
      if (set[number]) expected[number] = source;
    }
    write({news_of(rae_, 1, change_at(stamp, facets_of(set, stamp, source)))});
    EXPECT_EQ(database_.rows(query)[0], expected);
  }
}

// The same news twice: of one RAE alone, of another beside a device with all facets, so that the
// one is stored by a small statement and the other by the whole.
TEST_F(FacetSets, store_what_the_statement_with_all_facets_stores) {
  const auto sets = update_facet_sets();
  const auto pick = [](std::size_t most) {
    return *rc::gen::inRange<std::int64_t>(0, static_cast<std::int64_t>(most));
  };
  const News all = news_of(rae_, 9, snapshot_at(1, facets_of(kAll, 1, "all")));
  int history = 0;
  EXPECT_TRUE(rc::check("both end the same", [&] {
    const RaeSerial alone = rae_named("alone-" + std::to_string(++history));
    const RaeSerial beside = rae_named("beside-" + std::to_string(history));
    Rows before;
    for (std::int64_t step = 1 + pick(4); step > 0; --step) {
      const FacetSet set = sets[static_cast<std::size_t>(pick(sets.size()))];
      const std::int64_t stamp = 1 + pick(3);
      const std::string source = pick(2) == 0 ? "one" : "other";
      const std::int64_t kind = pick(6);
      const auto said_by = [&](const RaeSerial& rae) -> News {
        if (kind == 0) return RosterNews{rae, {{stamp}, {session_number(1)}}};
        if (kind == 1) return news_of(rae, 1, ended_at(stamp, source));
        return news_of(rae, 1, change_at(stamp, facets_of(set, stamp, source)));
      };
      const int decoder = static_cast<int>(1 + pick(3));
      write({said_by(alone)}, decoder);
      write({said_by(beside), all}, decoder);
      const Rows after = pairs(alone, beside);
      for (std::size_t row = 0; row < after.size(); ++row) {
        RC_ASSERT(after[row][0] == after[row][1]);
        if (after.size() != before.size()) continue;
        const auto moved = [&](std::size_t cell) { return after[row][cell] != before[row][cell]; };
        RC_ASSERT(moved(2) == moved(3));
        RC_ASSERT(moved(4) == moved(5));
      }
      before = after;
    }
  }));
}

}  // namespace
}  // namespace dmp::registry
