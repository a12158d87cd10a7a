#include "registry/api/watch/watch_view.h"

#include <map>
#include <random>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "registry/api/watch/watch_query.h"
#include "registry/api/watch/watch_stream.h"
#include "tests/registry/api/watch/watched_list.h"

namespace dmp::registry::api {
namespace {

DeviceId device(int number) {
  DeviceId::Bytes bytes{};
  bytes[0] = static_cast<std::uint8_t>(number);
  return DeviceId(bytes);
}

std::string json(int number, int version) {
  return R"({"device_id":")" + device(number).str() + R"(","v":)" + std::to_string(version) + "}";
}

std::shared_ptr<SharedView> shared_view(WatchView::Limits limits = {}) {
  return std::shared_ptr<SharedView>(
      new SharedView{.name = "x", .mutex = {}, .view = WatchView(limits)});
}

// A client with a stream, as far as it has read.
class Client {
 public:
  Client(std::shared_ptr<SharedView> view, Metrics& metrics)
      : view_(std::move(view)),
        counters_{metrics.counter("dmp_bytes_total", ""), metrics.counter("dmp_slow_total", "")} {
    connect();
  }

  // With the last id it has; without one if that is not known any more.
  void connect() {
    std::optional<WatchView::Place> place;
    if (!list.last_event_id().empty()) {
      place = view_->view.find(*parse_event_id("x", list.last_event_id()));
      resumed += place ? 1 : 0;
    }
    list.reconnected();
    stream = std::make_unique<WatchStream>(view_, place ? *place : view_->view.start(), counters_);
  }

  // At most so many bytes; false if there was nothing.
  bool read(std::size_t bytes) {
    std::string buffer(bytes, '\0');
    const auto piece = stream->take(buffer.data(), bytes, [this] { ++woken; });
    list.feed(buffer.substr(0, piece.bytes));
    if (piece.end) connect();
    return piece.bytes > 0 || piece.end;
  }

  void read_all() {
    while (read(4096)) continue;
  }

  WatchedList list;
  std::unique_ptr<WatchStream> stream;
  int resumed = 0;
  int woken = 0;

 private:
  std::shared_ptr<SharedView> view_;
  WatchStream::Counters counters_;
};

using Items = std::map<std::string, std::string>;

TEST(WatchView, a_client_gets_the_list_then_what_changes) {
  Metrics metrics;
  const auto shared = shared_view();
  WatchView& view = shared->view;
  EXPECT_TRUE(view.put(device(1), json(1, 1)));
  EXPECT_FALSE(view.put(device(1), json(1, 1)));
  view.mark();
  Client client(shared, metrics);
  client.read_all();
  EXPECT_EQ(client.list.items(), (Items{{device(1).str(), json(1, 1)}}));
  EXPECT_EQ(client.list.count("synced"), 1u);
  EXPECT_TRUE(view.put(device(2), json(2, 1)));
  EXPECT_TRUE(view.put(device(1), json(1, 2)));
  EXPECT_TRUE(view.remove(device(2)));
  EXPECT_FALSE(view.remove(device(2)));
  view.mark();
  client.stream->notify();
  EXPECT_EQ(client.woken, 1);
  client.read_all();
  EXPECT_EQ(client.list.items(), (Items{{device(1).str(), json(1, 2)}}));
  EXPECT_EQ(client.list.count("changed"), 1u);
}

TEST(WatchView, a_client_that_comes_back_gets_only_what_it_missed) {
  Metrics metrics;
  const auto shared = shared_view();
  for (int i = 0; i < 50; ++i) shared->view.put(device(i), json(i, 1));
  shared->view.mark();
  Client client(shared, metrics);
  client.read_all();
  shared->view.put(device(7), json(7, 2));
  shared->view.remove(device(8));
  shared->view.mark();
  const std::size_t before = client.list.events().size();
  client.connect();
  client.read_all();
  EXPECT_EQ(client.resumed, 1);
  EXPECT_EQ(client.list.items().size(), 49u);
  EXPECT_LE(client.list.events().size() - before, 4u);  // resumed, changed, removed, synced
}

TEST(WatchView, a_client_cut_in_the_middle_of_a_round_begins_with_the_list) {
  Metrics metrics;
  const auto shared = shared_view();
  WatchView& view = shared->view;
  const auto put_all = [&](int version) {
    for (int i = 0; i < 5; ++i) view.put(device(i), json(i, version));
    view.mark();
  };
  put_all(1);
  Client client(shared, metrics);
  client.read_all();
  put_all(2);
  while (client.list.count("changed") < 2) ASSERT_TRUE(client.read(8));
  put_all(1);  // the state whose id the client had before
  client.connect();
  EXPECT_EQ(client.resumed, 0);
  client.read_all();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.list.items().at(device(i).str()), json(i, 1));
}

TEST(WatchView, the_same_items_have_the_same_digest_however_they_came) {
  WatchView one;
  WatchView other;
  for (int i = 0; i < 20; ++i) one.put(device(i), json(i, 1));
  for (int i = 25; i >= 0; --i) other.put(device(i), json(i, 2));
  EXPECT_NE(one.digest(), other.digest());
  for (int i = 0; i < 20; ++i) other.put(device(i), json(i, 1));
  for (int i = 20; i <= 25; ++i) other.remove(device(i));
  EXPECT_EQ(one.digest(), other.digest());
  other.mark();
  EXPECT_TRUE(other.find(one.digest()));
}

TEST(WatchView, a_client_too_far_behind_is_told_so_and_ended) {
  Metrics metrics;
  const auto shared = shared_view({.changes_max = 16, .digests_max = 4});
  WatchStream stream(
      shared, shared->view.start(),
      {metrics.counter("dmp_bytes_total", ""), metrics.counter("dmp_slow_total", "")});
  for (int i = 0; i < 100; ++i) shared->view.put(device(1), json(1, i));
  WatchedList list;
  std::string buffer(4096, '\0');
  for (bool end = false; !end;) {
    const auto piece = stream.take(buffer.data(), buffer.size(), [] {});
    list.feed(buffer.substr(0, piece.bytes));
    end = piece.end;
    ASSERT_TRUE(piece.bytes > 0 || piece.end);
  }
  EXPECT_NE(list.ended().find("too_slow"), std::string::npos);
  EXPECT_EQ(metrics.counter("dmp_slow_total", "").value(), 1);
}

TEST(WatchView, keeps_a_bounded_number_of_changes_and_states) {
  WatchView view({.changes_max = 16, .digests_max = 4});
  view.put(device(1), json(1, 0));
  const std::size_t before = view.bytes();
  for (int i = 0; i < 10'000; ++i) {
    view.put(device(1), json(1, i % 10));
    view.mark();
  }
  EXPECT_LT(view.bytes(), before + 2000);
}

TEST(WatchView, a_listing_removes_what_it_was_not_told) {
  WatchView view;
  for (int i = 0; i < 5; ++i) view.put(device(i), json(i, 1));
  view.begin_listing();
  view.put(device(1), json(1, 1));
  view.put(device(2), json(2, 2));
  view.finish_listing();
  EXPECT_EQ(view.items(), 2u);
}

// Changes, listings, clients that read little, leave in the middle and come back, with few changes
// kept: what every client has in the end is what there is.
TEST(WatchView, clients_end_with_the_list_whatever_the_interleaving) {
  EXPECT_TRUE(rc::check([] {
    std::mt19937 random(*rc::gen::arbitrary<unsigned>());
    const auto upto = [&](int most) {
      return static_cast<int>(random() % static_cast<unsigned>(most));
    };
    Metrics metrics;
    const auto shared =
        shared_view({.changes_max = static_cast<std::size_t>(1 + upto(40)), .digests_max = 8});
    WatchView& view = shared->view;
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(std::make_unique<Client>(shared, metrics));
    Items expected;
    for (int step = 0; step < 300; ++step) {
      const int number = upto(24);
      Client& client = *clients[static_cast<std::size_t>(upto(3))];
      switch (upto(8)) {
        case 0:
        case 1:
        case 2:
          view.put(device(number), expected[device(number).str()] = json(number, upto(3)));
          view.mark();
          break;
        case 3:
          view.remove(device(number));
          expected.erase(device(number).str());
          view.mark();
          break;
        case 4:
          view.begin_listing();
          for (const auto& [id, item] : expected) view.put(*DeviceId::parse(id), item);
          view.finish_listing();
          view.mark();
          break;
        case 5:
          client.connect();
          break;
        case 6:
          client.read_all();
          RC_ASSERT(client.list.items() == expected);
          break;
        default:
          client.read(static_cast<std::size_t>(1 + upto(300)));
      }
    }
    for (auto& client : clients) {
      client->read_all();
      RC_ASSERT(client->list.items() == expected);
      RC_ASSERT(client->list.last_event_id() == event_id("x", view.digest()));
    }
  }));
}

}  // namespace
}  // namespace dmp::registry::api
