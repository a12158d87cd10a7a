#include "registry/api/watch/watch_index.h"

#include <algorithm>
#include <random>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "registry/api/item/item.h"
#include "registry/api/query/item_values.h"

namespace dmp::registry::api {
namespace {

using Strings = std::vector<std::string>;

Filter filter(const std::string& text) {
  auto parsed = parse_filter(text);
  EXPECT_TRUE(parsed) << text;
  return *parsed;
}

// What a device shows in what the filters here ask for.
struct Shown {
  std::string model;
  std::string presence;
  std::string labels;
  std::string port;

  void add_to(Rows& rows) const {
    Strings cells(item_column_count());
    cells[item_column("model")] = model;
    cells[item_column("shown_status")] = presence;
    cells[item_column("CAST(labels AS TEXT)")] = labels;
    cells[item_column("port")] = port;
    for (const std::string& cell : cells) rows.add(cell);
  }
};

DeviceId device(int number) {
  DeviceId::Bytes bytes{};
  bytes[0] = static_cast<std::uint8_t>(number);
  return DeviceId(bytes);
}

TEST(WatchIndex, forgets_a_list_that_was_removed) {
  WatchIndex index;
  const Filter one = filter("model==TV");
  index.add(1, one);
  index.hold(device(1), 1);
  index.drop(device(1), 1);
  index.remove(1, one);
  Rows rows(item_column_count());
  Shown{"TV", "online", "{}", "0"}.add_to(rows);
  std::vector<WatchIndex::List> found;
  index.find(device(1), rows, 0, 1, found);
  EXPECT_TRUE(found.empty());
}

// Lists and devices at random, as the owner of an index has them.
class World {
 public:
  explicit World(unsigned seed) : random_(seed) {}

  void add_list(const Filter& filter) {
    lists_.push_back({++newest_, filter, {}});
    index_.add(newest_, filter);
  }

  void remove_any_list() {
    if (lists_.empty()) return;
    const auto list = lists_.begin() + static_cast<std::ptrdiff_t>(upto(lists_.size()));
    for (const DeviceId& id : list->held) index_.drop(id, list->number);
    index_.remove(list->number, list->filter);
    lists_.erase(list);
  }

  // A device is read again: false if a list that is concerned is not named.
  bool read_any_device() {
    const DeviceId id = device(static_cast<int>(upto(4)));
    Rows rows(item_column_count());
    const std::size_t sessions = upto(3);
    for (std::size_t i = 0; i < sessions; ++i) {
      Shown{one_of({"TV", "Box", ""}), one_of({"online", "offline"}),
            one_of({"{}", R"({"lab": "LA"})"}), one_of({"0", "80"})}
          .add_to(rows);
    }
    std::vector<WatchIndex::List> found;
    index_.find(id, rows, 0, sessions, found);
    return std::all_of(lists_.begin(), lists_.end(), [&](List& list) {
      const bool named = std::count(found.begin(), found.end(), list.number) > 0;
      return read(list, id, rows) || named;
    });
  }

  std::size_t upto(std::size_t end) { return random_() % end; }
  std::string one_of(const Strings& words) { return words[upto(words.size())]; }

 private:
  struct List {
    WatchIndex::List number = 0;
    Filter filter;
    std::set<DeviceId> held;
  };

  // False: it concerns the list.
  bool read(List& list, const DeviceId& id, const Rows& rows) {
    const bool held = list.held.contains(id);
    bool passing = false;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      passing = passing || passes(list.filter, rows, row);
    }
    // A list may be of somebody who may not see the session that passes.
    const bool in = passing && upto(4) != 0;
    if (in && !held) index_.hold(id, list.number);
    if (!in) index_.drop(id, list.number);
    in ? static_cast<void>(list.held.insert(id)) : static_cast<void>(list.held.erase(id));
    return !held && !passing;
  }

  std::mt19937 random_;
  WatchIndex index_;
  std::vector<List> lists_;
  WatchIndex::List newest_ = 0;
};

TEST(WatchIndex, names_every_list_that_holds_a_device_or_has_it_pass) {
  const Strings filters = {"model==TV",
                           "presence==online && model==TV",
                           "presence==online && (model==TV || port==80)",
                           "labels.lab==LA",
                           "labels.lab==\"\"",
                           "model==\"\" && presence!=offline",
                           "port==80",
                           "model!=TV",
                           "presence==offline"};
  EXPECT_TRUE(rc::check([&] {
    World world(*rc::gen::arbitrary<unsigned>());
    for (int step = 0; step < 60; ++step) {
      if (world.upto(3) == 0) world.add_list(filter(world.one_of(filters)));
      if (world.upto(8) == 0) world.remove_any_list();
      RC_ASSERT(world.read_any_device());
    }
  }));
}

}  // namespace
}  // namespace dmp::registry::api
