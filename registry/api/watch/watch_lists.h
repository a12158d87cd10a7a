// WatchLists: the lists that are watched and who watches them. Decides who is told what and who
// must go; reads nothing. One thread, but for the streams it hands out.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "registry/api/people.h"
#include "registry/api/watch/watch_hub.h"
#include "registry/api/watch/watch_index.h"
#include "registry/api/watch/watch_query.h"
#include "registry/api/watch/watch_stream.h"
#include "registry/api/watch/watch_teller.h"

namespace dmp::registry::api {

// Who wants to watch.
struct WatchCaller {
  WatchQuery query;
  Principal principal;
  std::string token;
  Reply reply;
};

class WatchLists {
 public:
  struct Watcher {
    std::shared_ptr<WatchStream> stream;
    Principal principal;
    std::string token;
    SteadyTime since;
    SteadyTime bookmark_at;
  };

  struct List {
    WatchIndex::List number = 0;
    WatchQuery query;
    Scope scope;
    std::shared_ptr<SharedView> shared;
    bool ready = false;   // its items are all there
    bool reading = true;  // its keys are being read, the next behind `after`
    std::optional<DeviceId> after{};
    std::uint64_t turn = 0;              // in which a page was read last
    SteadyTime read_at{};                // when that ended last
    SteadyTime not_before{};             // it failed
    SteadyTime left_at{};                // by the last watcher
    std::vector<WatchCaller> waiting{};  // for the items
    std::vector<Watcher> watchers{};
  };

  WatchLists(WatchLimits limits, People& people, Metrics& metrics);

  [[nodiscard]] bool empty() const { return lists_.empty(); }
  [[nodiscard]] bool canary() const;  // whether any of them has the canary's devices

  // `away`: what is in memory may be out of date; it must be read before anybody gets it.
  void join(WatchCaller caller, SteadyTime now, bool away);

  // The list whose next page of keys should be read now; null: none.
  List* next_to_read(SteadyTime now);
  // Its last page was read: whoever waits for it is answered.
  void finish(List& list, SteadyTime now);
  // It cannot be read: whoever waits for it gets the problem. Others go on with what they have, and
  // it is tried again a second later.
  void fail(List& list, const Problem& problem, SteadyTime now);
  // Nor can any list that somebody waits for.
  void fail_all(const Problem& problem, SteadyTime now);

  // What was read of these devices: for one list, or all. A device without rows is not there.
  void apply(const std::vector<std::string>& devices, const Rows& items, List* only = nullptr);

  void read_everything_again();

  // Who is still to be told of changes.
  WatchTeller& teller() { return teller_; }

  // Once a second: bookmarks, and who must go. `away`: nothing can be read.
  void tick(SteadyTime now, bool away);

  void end_all(const Problem& problem);

 private:
  struct Change {
    DeviceId device;
    std::optional<std::string> item;  // none: it is not in the list
  };

  // The rows of one device.
  struct Span {
    DeviceId device;
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  void apply(List& list, const std::vector<Span>& spans, const std::vector<std::size_t>& asked,
             const Rows& items);
  void apply(List& list, const std::vector<Change>& changes);
  void forget(const List& list);
  template <class Which>
  void remove_lists(const Which& which);
  void admit(List& list, WatchCaller caller, SteadyTime now);
  void refuse(const WatchCaller& caller, const Problem& problem, std::string_view reason);
  void end(Watcher& watcher, std::string_view reason, std::string_view detail);
  void tick(List& list, SteadyTime now, bool away);
  void keep_within_memory();
  void begin_reading(List& list);

  const WatchLimits limits_;
  People& people_;
  Metrics& metrics_;
  Gauge watchers_gauge_;
  Gauge lists_gauge_;
  Gauge bytes_gauge_;
  WatchStream::Counters stream_counters_;
  Counter changes_;
  std::list<List> lists_;  // oldest first
  WatchIndex index_;
  WatchTeller teller_;
  WatchIndex::List numbers_ = 0;
  std::uint64_t turns_ = 0;
  std::size_t watchers_ = 0;
};

}  // namespace dmp::registry::api
