// Which lists and devices a replica answers, with what, and when it leaves them to the database.
#include "registry/api/replica/replica.h"

#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "registry/api/item/item.h"
#include "registry/api/replica/replica_feed.h"
#include "registry/api/sql/statements.h"

namespace dmp::registry::api {
namespace {

using std::chrono::milliseconds;
using Strings = std::vector<std::string>;

const SteadyTime kNow = SteadyTime() + std::chrono::hours(1);

std::string id(int number) {
  char text[37];
  std::snprintf(text, sizeof text, "%08d-0000-5000-8000-000000000000", number);
  return text;
}

// A session as the view shows it.
struct Shown {
  int device = 1;
  std::string rae = "lab-1";
  std::string model = "TV";
  std::string presence = "online";
  std::string labels = "{}";

  void add_to(Rows& rows) const {
    Strings cells(item_column_count());
    cells[0] = id(device);
    cells[item_column("rae")] = rae;
    cells[item_column("model")] = model;
    cells[item_column("shown_status")] = presence;
    cells[item_column("CAST(labels AS TEXT)")] = labels;
    cells[item_column("rae_last_heard_at")] = "5";
    for (const std::string& cell : cells) rows.add(cell);
  }
};

class ReplicaTest : public testing::Test {
 protected:
  // All that is known of these devices now, a whole and fresh replica afterwards.
  void put(const std::vector<Shown>& sessions) {
    Rows rows(item_column_count());
    Strings devices;
    for (const Shown& session : sessions) {
      session.add_to(rows);
      if (devices.empty() || devices.back() != id(session.device)) {
        devices.push_back(id(session.device));
      }
    }
    replica_.put(devices, rows);
    replica_.set_whole(true);
    replica_.looked(kNow);
  }

  DevicesQuery query(const std::string& filter = "", int limit = 100) {
    DevicesQuery query;
    if (!filter.empty()) query.filter = *parse_filter(filter);
    query.page.limit = limit;
    return query;
  }

  // The first page, with the indexes that it wants.
  std::optional<ListedPage> page(const DevicesQuery& query, const Scope& scope = {{"%"}}) {
    auto page = replica_.list(query, scope, kNow);
    if (page) return page;
    replica_.tend(now_ += std::chrono::seconds(1));
    return replica_.list(query, scope, kNow);
  }

  // What all pages hold.
  Strings list(DevicesQuery query, const Scope& scope = {{"%"}}) {
    Strings found;
    for (;;) {
      const auto next = page(query, scope);
      if (!next) return {"from the database"};
      for (std::size_t row = 0; row < next->items.size(); ++row) {
        found.emplace_back(next->items.at(row, 0));
      }
      if (!next->next) return found;
      query.page.after = DevicePosition{*next->next, {}}.str();
    }
  }

  // The models of a device's sessions.
  Strings sessions_of(int device, const Scope& scope = {{"%"}}, SteadyTime now = kNow) {
    const auto rows = replica_.device(*DeviceId::parse(id(device)), scope, now);
    if (!rows) return {"from the database"};
    Strings models;
    for (std::size_t row = 0; row < rows->size(); ++row) {
      models.emplace_back(rows->at(row, item_column("model")));
    }
    return models;
  }

  [[nodiscard]] bool counted(const std::string& line) const {
    return metrics_.text().find("\n" + line + "\n") != std::string::npos;
  }

  Metrics metrics_;
  Replica replica_{{}, metrics_};
  SteadyTime now_ = kNow;  // of who makes indexes
};

TEST_F(ReplicaTest, lists_devices_in_order_page_by_page) {
  put({{.device = 3}, {.device = 1}, {.device = 2}});
  const auto first = page(query("", 2));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->items.size(), 2u);
  EXPECT_EQ(first->next->str(), id(2));
  EXPECT_EQ(list(query("", 2)), (Strings{id(1), id(2), id(3)}));
  EXPECT_FALSE(page(query("", 3))->next) << "nothing is behind it";
}

TEST_F(ReplicaTest, lists_what_passes_the_filter) {
  put({{.device = 1},
       {.device = 2, .model = "Box"},
       {.device = 3, .presence = "offline"},
       {.device = 4, .labels = R"({"lab":"LA"})"}});
  EXPECT_EQ(list(query("model==TV && presence==online")), (Strings{id(1), id(4)}));
  EXPECT_EQ(list(query("presence==offline")), (Strings{id(3)}));
  EXPECT_EQ(list(query("labels.lab==LA")), (Strings{id(4)}));
  EXPECT_EQ(list(query("model~\"B*\"")), (Strings{id(2)}));
  EXPECT_EQ(list(query("model==none")), Strings());
}

TEST_F(ReplicaTest, leaves_the_first_list_by_a_value_to_the_database_and_makes_an_index) {
  put({{.device = 1}});
  EXPECT_FALSE(replica_.list(query("model==TV"), {{"%"}}, kNow));
  replica_.tend(now_ += std::chrono::seconds(1));
  EXPECT_TRUE(replica_.list(query("model==TV"), {{"%"}}, kNow));
  EXPECT_TRUE(replica_.list(query("model==Box"), {{"%"}}, kNow)) << "by the same attribute";
}

TEST_F(ReplicaTest, keeps_no_more_indexes_than_its_bound_and_those_used_last) {
  put({{.device = 1}});
  const auto by_label = [&](std::size_t number) {
    return query("labels.l" + std::to_string(number) + "==x");
  };
  for (std::size_t i = 0; i < ReplicaIndexes::kIndexesMax; ++i) ASSERT_TRUE(page(by_label(i)));
  ASSERT_TRUE(replica_.list(by_label(0), {{"%"}}, kNow));
  ASSERT_TRUE(page(by_label(ReplicaIndexes::kIndexesMax)));
  EXPECT_TRUE(replica_.list(by_label(0), {{"%"}}, kNow));
  EXPECT_FALSE(replica_.list(by_label(1), {{"%"}}, kNow));
}

TEST_F(ReplicaTest, an_index_follows_what_changes) {
  put({{.device = 1}, {.device = 2}});
  ASSERT_EQ(list(query("model==TV")), (Strings{id(1), id(2)}));
  put({{.device = 1, .model = "Box"}});
  EXPECT_EQ(list(query("model==TV")), (Strings{id(2)}));
  EXPECT_EQ(list(query("model==Box")), (Strings{id(1)}));
}

TEST_F(ReplicaTest, shows_each_caller_the_first_session_they_may_see) {
  put({{.device = 1, .rae = "lab-1", .model = "TV"},
       {.device = 1, .rae = "lab-2", .model = "Box"}});
  EXPECT_EQ(list(query("model==Box")), Strings()) << "the current one is a TV";
  EXPECT_EQ(list(query("model==Box"), {{"lab-2"}}), (Strings{id(1)}));
  EXPECT_EQ(list(query("model==TV"), {{"lab-2"}}), Strings());
  EXPECT_EQ(list(query(), {{"lab-3"}}), Strings());
  EXPECT_EQ(list(query(), {{}}), Strings());
}

TEST_F(ReplicaTest, holds_nothing_of_the_canary) {
  put({{.device = 1, .rae = "canary-1"}, {.device = 2, .rae = "canary-1"}, {.device = 2}});
  EXPECT_EQ(list(query()), (Strings{id(2)}));
  EXPECT_EQ(replica_.devices(), 1u);
  DevicesQuery canary = query();
  canary.canary = true;
  EXPECT_EQ(list(canary), (Strings{"from the database"}));
}

TEST_F(ReplicaTest, tells_when_the_rae_was_heard_of_last_though_no_device_changed) {
  put({{.device = 1}});
  replica_.set_heard({{"lab-1", "77"}});
  EXPECT_EQ(page(query())->items.at(0, item_column("rae_last_heard_at")), "77");
  replica_.set_heard({{"lab-1", "4"}});
  EXPECT_EQ(page(query())->items.at(0, item_column("rae_last_heard_at")), "5");
}

TEST_F(ReplicaTest, leaves_other_orders_to_the_database) {
  put({{.device = 1}});
  DevicesQuery falling = query();
  falling.sort.descending = true;
  EXPECT_FALSE(page(falling));
  DevicesQuery by_model = query();
  by_model.sort.attribute = find_attribute("model");
  EXPECT_FALSE(page(by_model));
}

TEST_F(ReplicaTest, answers_nothing_before_it_is_whole) {
  put({{.device = 1}});
  replica_.set_whole(false);
  EXPECT_FALSE(page(query()));
}

TEST_F(ReplicaTest, answers_nothing_older_than_its_bound) {
  put({{.device = 1}});
  EXPECT_TRUE(replica_.list(query(), {{"%"}}, kNow + milliseconds(500)));
  EXPECT_FALSE(replica_.list(query(), {{"%"}}, kNow + milliseconds(501)));
}

TEST_F(ReplicaTest, answers_nothing_from_before_a_write_of_its_own_process) {
  put({{.device = 1}});
  replica_.wrote(kNow, kNow + milliseconds(1));
  EXPECT_FALSE(replica_.list(query(), {{"%"}}, kNow + milliseconds(2)));
  replica_.looked(kNow + milliseconds(1));  // it may have begun before the write
  EXPECT_FALSE(replica_.list(query(), {{"%"}}, kNow + milliseconds(2)));
  replica_.looked(kNow + milliseconds(2));
  EXPECT_TRUE(replica_.list(query(), {{"%"}}, kNow + milliseconds(2)));
}

TEST_F(ReplicaTest, without_an_age_it_is_never_wanted) {
  Replica none({.age_max = milliseconds(0)}, metrics_);
  EXPECT_FALSE(none.list(query(), {{"%"}}, kNow));
  EXPECT_FALSE(none.is_wanted(kNow));
}

TEST_F(ReplicaTest, a_device_that_is_read_without_sessions_leaves) {
  put({{.device = 1}, {.device = 2}});
  ASSERT_EQ(list(query("model==TV")), (Strings{id(1), id(2)}));
  replica_.put({id(1)}, Rows(item_column_count()));
  EXPECT_EQ(list(query("model==TV")), (Strings{id(2)}));
  EXPECT_EQ(list(query()), (Strings{id(2)}));
}

TEST_F(ReplicaTest, keeps_of_a_range_only_what_is_named) {
  put({{.device = 1}, {.device = 2}, {.device = 3}, {.device = 4}, {.device = 5}});
  replica_.keep_only(*DeviceId::parse(id(1)), *DeviceId::parse(id(4)), {id(3)});
  EXPECT_EQ(list(query()), (Strings{id(1), id(3), id(5)}));
  replica_.keep_only(*DeviceId::parse(id(4)), std::nullopt, {});
  EXPECT_EQ(list(query()), (Strings{id(1), id(3)}));
  replica_.keep_only(std::nullopt, std::nullopt, {});
  EXPECT_EQ(replica_.devices(), 0u);
  EXPECT_EQ(replica_.bytes(), 0u);
}

TEST_F(ReplicaTest, a_write_that_took_long_is_waited_for_until_a_look_goes_back_behind_it) {
  put({{.device = 1}});
  replica_.wrote(kNow, kNow + milliseconds(400));
  replica_.wrote(kNow, kNow + milliseconds(1));  // of another worker, later told
  replica_.looked(kNow + milliseconds(3900));
  EXPECT_FALSE(replica_.list(query(), {{"%"}}, kNow + milliseconds(3900)));
  replica_.looked(kNow + milliseconds(4500));
  EXPECT_TRUE(replica_.list(query(), {{"%"}}, kNow + milliseconds(4500)));
}

TEST_F(ReplicaTest, leaves_a_filter_that_hardly_anything_passes_to_the_database) {
  std::vector<Shown> many;
  for (int i = 0; i <= Replica::kExaminedMax; ++i) many.push_back({.device = i});
  many.back().model = "Box";
  put(many);
  EXPECT_EQ(list(query("model~\"B*\"")), (Strings{"from the database"}));
  EXPECT_TRUE(page(query("model~\"T*\"")));
  EXPECT_EQ(list(query("model==Box")), (Strings{id(many.back().device)})) << "there is an index";
}

TEST_F(ReplicaTest, makes_one_index_a_second_and_each_once) {
  put({{.device = 1}});
  for (const char* filter : {"model==TV", "model==Box", "labels.lab==LA"}) {
    EXPECT_FALSE(replica_.list(query(filter), {{"%"}}, kNow));
  }
  const std::size_t bytes = replica_.bytes();
  replica_.tend(kNow);
  EXPECT_GT(replica_.bytes(), bytes) << "an index counts";
  EXPECT_TRUE(replica_.list(query("model==TV"), {{"%"}}, kNow));
  replica_.tend(kNow + milliseconds(999));
  EXPECT_FALSE(replica_.list(query("labels.lab==LA"), {{"%"}}, kNow));
  replica_.tend(kNow + milliseconds(1000));
  EXPECT_TRUE(replica_.list(query("labels.lab==LA"), {{"%"}}, kNow));
}

TEST_F(ReplicaTest, is_not_wanted_by_lists_that_it_can_never_answer) {
  DevicesQuery canary = query();
  canary.canary = true;
  EXPECT_FALSE(replica_.list(canary, {{"%"}}, kNow));
  EXPECT_FALSE(replica_.is_wanted(kNow));
}

TEST_F(ReplicaTest, is_wanted_while_it_is_asked_and_given_up_when_it_is_too_big) {
  Replica small({.bytes_max = 1, .kept_for = milliseconds(1000), .eager_for = milliseconds(10)},
                metrics_);
  EXPECT_FALSE(small.is_wanted(kNow));
  EXPECT_FALSE(small.list(query(), {{"%"}}, kNow));
  EXPECT_TRUE(small.is_wanted(kNow + milliseconds(999)));
  EXPECT_FALSE(small.is_wanted(kNow + milliseconds(1000)));
  EXPECT_TRUE(small.is_eager(kNow + milliseconds(9)));
  EXPECT_FALSE(small.is_eager(kNow + milliseconds(10)));
  Rows rows(item_column_count());
  Shown{}.add_to(rows);
  small.put({id(1)}, rows);
  EXPECT_TRUE(small.is_too_big());
  small.give_up(kNow);
  EXPECT_EQ(small.devices(), 0u);
  EXPECT_FALSE(small.is_wanted(kNow + milliseconds(1)));
}

TEST_F(ReplicaTest, shows_of_a_device_the_sessions_in_scope_in_their_order) {
  put({{.device = 1, .rae = "lab-1", .model = "A"},
       {.device = 1, .rae = "hub-1", .model = "B"},
       {.device = 1, .rae = "lab-2", .model = "C"},
       {.device = 2, .rae = "lab-2", .model = "D"}});
  const struct {
    int device;
    Scope scope;
    Strings models;
  } cases[] = {{1, {{"%"}}, {"A", "B", "C"}},
               {1, {{"lab-%"}}, {"A", "C"}},
               {1, {{"hub-1", "lab-2"}}, {"B", "C"}},
               {1, {{"lab-3"}}, {"from the database"}},
               {1, {{}}, {"from the database"}},
               {1, {{"%"}, true}, {"from the database"}},
               {2, {{"%"}}, {"D"}},
               {2, {{"lab-1"}}, {"from the database"}},
               {3, {{"%"}}, {"from the database"}}};
  for (const auto& c : cases) EXPECT_EQ(sessions_of(c.device, c.scope), c.models);
  EXPECT_TRUE(counted(R"(dmp_registry_api_single_devices_total{source="memory"} 4)"));
  EXPECT_TRUE(counted(R"(dmp_registry_api_single_devices_total{source="database"} 5)"));
}

TEST_F(ReplicaTest, shows_no_device_while_it_is_not_whole_or_not_current) {
  const Strings database = {"from the database"};
  const Strings memory = {"TV"};
  EXPECT_EQ(sessions_of(1), database) << "it holds nothing";
  put({{.device = 1}});
  EXPECT_EQ(sessions_of(1, {{"%"}}, kNow + milliseconds(500)), memory);
  EXPECT_EQ(sessions_of(1, {{"%"}}, kNow + milliseconds(501)), database) << "too old";
  replica_.wrote(kNow, kNow + milliseconds(1));
  EXPECT_EQ(sessions_of(1, {{"%"}}, kNow + milliseconds(2)), database) << "from before a write";
  replica_.looked(kNow + milliseconds(2));
  EXPECT_EQ(sessions_of(1, {{"%"}}, kNow + milliseconds(2)), memory);
  replica_.set_whole(false);
  EXPECT_EQ(sessions_of(1, {{"%"}}, kNow + milliseconds(2)), database) << "not whole";
  replica_.set_whole(true);
  replica_.drop();
  EXPECT_EQ(sessions_of(1, {{"%"}}, kNow + milliseconds(2)), database) << "dropped";
}

TEST_F(ReplicaTest, shows_of_a_device_no_more_sessions_than_the_database_would) {
  std::vector<Shown> many(kSessionsPerDeviceMax, Shown{.rae = "lab-1", .model = "A"});
  many.insert(many.begin(), 3, Shown{.rae = "lab-2", .model = "B"});
  put(many);
  EXPECT_EQ(sessions_of(1, {{"lab-1"}}), Strings(kSessionsPerDeviceMax, "A"));
  Strings first(3, "B");
  first.resize(kSessionsPerDeviceMax, "A");
  EXPECT_EQ(sessions_of(1), first);
}

TEST_F(ReplicaTest, shows_of_each_session_when_its_rae_was_heard_of_last) {
  put({{.device = 1, .rae = "lab-1"}, {.device = 1, .rae = "lab-2"}});
  replica_.set_heard({{"lab-1", "4"}, {"lab-2", "77"}});
  const auto rows = replica_.device(*DeviceId::parse(id(1)), {{"%"}}, kNow);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->at(0, item_column("rae_last_heard_at")), "5");
  EXPECT_EQ(rows->at(1, item_column("rae_last_heard_at")), "77");
}

TEST_F(ReplicaTest, is_not_wanted_by_who_asks_for_single_devices) {
  EXPECT_EQ(sessions_of(1), (Strings{"from the database"}));
  EXPECT_FALSE(replica_.is_wanted(kNow));
}

// Any history of readings: what it lists is what a plain map says, whatever the page and the way.
TEST_F(ReplicaTest, lists_what_was_read_last) {
  EXPECT_TRUE(rc::check([this] {
    replica_.drop();
    std::map<int, std::vector<Shown>> known;
    const auto rounds = *rc::gen::inRange(1, 20);
    for (int round = 0; round < rounds; ++round) {
      const int device = *rc::gen::inRange(1, 9);
      std::vector<Shown> sessions;
      for (int n = *rc::gen::inRange(0, 3); n > 0; --n) {
        sessions.push_back({.device = device,
                            .rae = *rc::gen::element<std::string>("lab-1", "lab-2"),
                            .model = *rc::gen::element<std::string>("TV", "Box", "")});
      }
      put(sessions);
      if (sessions.empty()) replica_.put({id(device)}, Rows(item_column_count()));
      known[device] = sessions;
      const auto rae = *rc::gen::element<std::string>("%", "lab-1", "lab-2");
      const auto model = *rc::gen::element<std::string>("TV", "Box", "");
      const auto limit = *rc::gen::inRange(1, 4);
      Strings expected;
      for (const auto& [number, all] : known) {
        const auto seen = std::find_if(
            all.begin(), all.end(), [&](const Shown& one) { return rae == "%" || one.rae == rae; });
        if (seen != all.end() && seen->model == model) expected.push_back(id(number));
      }
      RC_ASSERT(list(query("model==\"" + model + "\"", limit), {{rae}}) == expected);
      RC_ASSERT(list(query("model in (\"" + model + "\")", limit), {{rae}}) == expected);
    }
  }));
}

}  // namespace
}  // namespace dmp::registry::api
