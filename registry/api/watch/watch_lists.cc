#include "registry/api/watch/watch_lists.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "registry/api/query/item_rows.h"
#include "registry/api/replica/replica_feed.h"

namespace dmp::registry::api {
namespace {

// A view is locked for so many changes at a time: its clients wait meanwhile.
constexpr std::size_t kChangesPerLock = 256;

// For the hub's thread: it alone writes the view.
std::size_t bytes_of(const WatchLists::List& list) { return list.shared->view.bytes(); }

Problem too_many_watchers(std::size_t most) {
  return {.status = 503,
          .code = "too_many_watchers",
          .title = "Too many clients are watching",
          .detail = "this instance serves " + std::to_string(most) +
                    " watches; come again later, or poll /v1/devices",
          .retry_after_s = 10};
}

Problem too_much_watched(std::size_t most) {
  return {.status = 503,
          .code = "too_much_watched",
          .title = "The watched lists are too long",
          .detail = "this instance keeps " + std::to_string(most >> 20) +
                    " MiB of watched lists; watch less with a filter or fields",
          .retry_after_s = 60};
}

Problem gone() {
  return {.status = 410,
          .code = "gone",
          .title = "What followed is not known any more",
          .detail =
              "the watch cannot go on from this Last-Event-ID; send none to begin with the "
              "list, which replaces what you have"};
}

}  // namespace

WatchLists::WatchLists(WatchLimits limits, People& people, Metrics& metrics)
    : limits_(limits),
      people_(people),
      metrics_(metrics),
      watchers_gauge_(metrics.gauge("dmp_registry_watch_watchers", "Clients that watch")),
      lists_gauge_(metrics.gauge("dmp_registry_watch_lists", "Different lists that are watched")),
      bytes_gauge_(metrics.gauge("dmp_registry_watch_bytes", "Memory of the watched lists")),
      stream_counters_{
          metrics.counter("dmp_registry_watch_sent_bytes_total", "Sent to clients that watch"),
          metrics.counter("dmp_registry_watch_ended_total", "Watches that were ended, by reason",
                          {{"reason", "too_slow"}})},
      changes_(metrics.counter("dmp_registry_watch_changes_total",
                               "Devices that came into a watched list, changed or left it")) {}

bool WatchLists::canary() const {
  return std::any_of(lists_.begin(), lists_.end(),
                     [](const List& list) { return list.scope.canary; });
}

void WatchLists::refuse(const WatchCaller& caller, const Problem& problem,
                        std::string_view reason) {
  metrics_
      .counter("dmp_registry_watch_refused_total", "Watches that were refused, by reason",
               {{"reason", std::string(reason)}})
      .add();
  caller.reply(to_response(problem));
}

void WatchLists::join(WatchCaller caller, SteadyTime now, bool away) {
  if (watchers_ >= limits_.watchers_max) {
    return refuse(caller, too_many_watchers(limits_.watchers_max), "too_many_watchers");
  }
  ++watchers_;
  Scope scope{caller.principal.rae_patterns, caller.query.canary};
  const std::string name = view_name(caller.query, scope);
  auto list = std::find_if(lists_.begin(), lists_.end(),
                           [&](const List& one) { return one.shared->name == name; });
  if (list == lists_.end()) {
    lists_.push_back({.number = ++numbers_,
                      .query = caller.query,
                      .scope = scope,
                      .shared = std::make_shared<SharedView>()});
    list = std::prev(lists_.end());
    list->shared->name = name;
    index_.add(list->number, list->query.filter);
    begin_reading(*list);
  }
  list->left_at = now;
  if (list->ready && !away) return admit(*list, std::move(caller), now);
  list->waiting.push_back(std::move(caller));
  if (!list->reading) begin_reading(*list);
}

void WatchLists::admit(List& list, WatchCaller caller, SteadyTime now) {
  std::optional<WatchView::Place> place;
  if (caller.query.last_event_id.empty()) {
    const std::lock_guard lock(list.shared->mutex);
    place = list.shared->view.start();
  } else {
    const auto digest = parse_event_id(list.shared->name, caller.query.last_event_id);
    if (!digest) {
      --watchers_;
      return refuse(caller, digest.error(), "bad_event_id");
    }
    const std::lock_guard lock(list.shared->mutex);
    place = list.shared->view.find(*digest);
  }
  if (!place) {
    --watchers_;
    return refuse(caller, gone(), "gone");
  }
  auto stream = std::make_shared<WatchStream>(list.shared, *place, stream_counters_);
  HttpResponse response{.content_type = "text/event-stream"};
  response.stream = stream;
  list.watchers.push_back({std::move(stream), std::move(caller.principal), std::move(caller.token),
                           now, now + limits_.bookmark_every});
  caller.reply(std::move(response));
}

void WatchLists::begin_reading(List& list) {
  list.reading = true;
  list.after.reset();
  const std::lock_guard lock(list.shared->mutex);
  list.shared->view.begin_listing();
}

// First those that somebody waits for; a page of each in turn.
WatchLists::List* WatchLists::next_to_read(SteadyTime now) {
  List* next = nullptr;
  const auto order = [](const List& list) { return std::pair(list.waiting.empty(), list.turn); };
  for (List& list : lists_) {
    if (!list.reading || now < list.not_before) continue;
    if (next == nullptr || order(list) < order(*next)) next = &list;
  }
  if (next != nullptr) next->turn = ++turns_;
  return next;
}

void WatchLists::finish(List& list, SteadyTime now) {
  {
    const std::lock_guard lock(list.shared->mutex);
    for (const DeviceId& device : list.shared->view.finish_listing()) {
      index_.drop(device, list.number);
    }
    list.shared->view.mark();
  }
  list.reading = false;
  list.read_at = now;
  list.ready = true;
  for (const Watcher& watcher : list.watchers) teller_.add(watcher.stream);
  for (WatchCaller& caller : std::exchange(list.waiting, {})) admit(list, std::move(caller), now);
}

void WatchLists::fail(List& list, const Problem& problem, SteadyTime now) {
  for (const WatchCaller& caller : std::exchange(list.waiting, {})) {
    --watchers_;
    refuse(caller, problem, problem.code);
  }
  list.not_before = now + ReplicaFeed::kPauseAfterFailure;
  if (list.ready) return begin_reading(list);
  remove_lists([&](const List& one) { return &one == &list; });
}

void WatchLists::forget(const List& list) {
  for (const DeviceId& device : list.shared->view.devices()) index_.drop(device, list.number);
  index_.remove(list.number, list.query.filter);
}

template <class Which>
void WatchLists::remove_lists(const Which& which) {
  for (const List& list : lists_) {
    if (which(list)) forget(list);
  }
  lists_.remove_if(which);
}

void WatchLists::fail_all(const Problem& problem, SteadyTime now) {
  for (auto list = lists_.begin(); list != lists_.end();) {
    const auto next = std::next(list);
    if (!list->waiting.empty()) fail(*list, problem, now);
    list = next;
  }
}

void WatchLists::apply(const std::vector<std::string>& devices, const Rows& items, List* only) {
  DeviceSpans rows_of = rows_by_device(items);
  std::vector<Span> spans;
  std::unordered_map<WatchIndex::List, std::vector<std::size_t>> asked;  // about which spans
  std::vector<WatchIndex::List> found;
  for (const std::string& device : devices) {
    const auto id = DeviceId::parse(device);
    if (!id) continue;
    const auto [begin, end] = rows_of[device];
    found.clear();
    only != nullptr ? found.push_back(only->number) : index_.find(*id, items, begin, end, found);
    for (const WatchIndex::List list : found) {
      auto& about = asked[list];
      if (about.empty() || about.back() != spans.size()) about.push_back(spans.size());
    }
    spans.push_back({*id, begin, end});
  }
  for (List& list : lists_) {
    if (const auto about = asked.find(list.number); about != asked.end()) {
      apply(list, spans, about->second, items);
    }
  }
}

void WatchLists::apply(List& list, const std::vector<Span>& spans,
                       const std::vector<std::size_t>& asked, const Rows& items) {
  for (std::size_t begin = 0; begin < asked.size(); begin += kChangesPerLock) {
    std::vector<Change> changes;
    const std::size_t end = std::min(begin + kChangesPerLock, asked.size());
    for (std::size_t i = begin; i < end; ++i) {
      const Span& span = spans[asked[i]];
      auto item = item_of(list.query, list.scope, items, span.begin, span.end);
      const bool held = list.shared->view.has(span.device);
      if (item && !held) index_.hold(span.device, list.number);
      if (!item && !held) continue;
      if (!item) index_.drop(span.device, list.number);
      changes.push_back({span.device, std::move(item)});
    }
    if (!changes.empty()) apply(list, changes);
  }
}

void WatchLists::apply(List& list, const std::vector<Change>& changes) {
  int changed = 0;
  {
    const std::lock_guard lock(list.shared->mutex);
    WatchView& view = list.shared->view;
    for (const Change& one : changes) {
      changed += (one.item ? view.put(one.device, *one.item) : view.remove(one.device)) ? 1 : 0;
    }
    view.mark();
  }
  if (changed == 0) return;
  changes_.add(changed);
  for (const Watcher& watcher : list.watchers) teller_.add(watcher.stream);
}

void WatchLists::read_everything_again() {
  for (List& list : lists_) begin_reading(list);
}

void WatchLists::end(Watcher& watcher, std::string_view reason, std::string_view detail) {
  if (!watcher.stream->end(reason, detail)) return;
  metrics_
      .counter("dmp_registry_watch_ended_total", "Watches that were ended, by reason",
               {{"reason", std::string(reason)}})
      .add();
}

void WatchLists::tick(SteadyTime now, bool away) {
  watchers_ = 0;
  for (List& list : lists_) {
    tick(list, now, away);
    watchers_ += list.watchers.size() + list.waiting.size();
  }
  remove_lists([&](const List& list) {
    return list.watchers.empty() && list.waiting.empty() &&
           now - list.left_at > limits_.unwatched_kept;
  });
  keep_within_memory();
  watchers_gauge_.set(static_cast<double>(watchers_));
  lists_gauge_.set(static_cast<double>(lists_.size()));
}

void WatchLists::tick(List& list, SteadyTime now, bool away) {
  std::erase_if(list.watchers, [](const Watcher& watcher) { return watcher.stream->closed(); });
  if (!list.watchers.empty()) list.left_at = now;
  if (!list.reading && now - list.read_at > limits_.relist_every) begin_reading(list);
  for (Watcher& watcher : list.watchers) {
    if (people_.find(watcher.token) != watcher.principal) {
      end(watcher, "token_changed", "what this token may see has changed; begin again with it");
    } else if (now - watcher.since > limits_.watch_max) {
      end(watcher, "renew", "a watch lasts an hour; come back with the newest event's id");
    } else if (now >= watcher.bookmark_at) {
      if (away) {
        watcher.stream->keep_alive();
      } else {
        watcher.stream->want_bookmark();
        teller_.add(watcher.stream);
      }
      watcher.bookmark_at = now + limits_.bookmark_every;
    }
  }
}

// Those that nobody watches go first, then the newest: others were there before.
void WatchLists::keep_within_memory() {
  const auto add = [](std::size_t sum, const List& list) { return sum + bytes_of(list); };
  if (std::accumulate(lists_.begin(), lists_.end(), std::size_t{0}, add) > limits_.bytes_max) {
    remove_lists([](const List& list) { return list.watchers.empty() && list.waiting.empty(); });
  }
  std::size_t bytes = 0;
  for (List& list : lists_) {
    const std::size_t its = bytes_of(list);
    if (bytes + its <= limits_.bytes_max) {
      bytes += its;
      continue;
    }
    const Problem problem = too_much_watched(limits_.bytes_max);
    for (Watcher& watcher : list.watchers) end(watcher, problem.code, problem.detail);
    for (const WatchCaller& caller : std::exchange(list.waiting, {})) {
      refuse(caller, problem, problem.code);
    }
    list.watchers.clear();
    list.left_at = {};
    list.ready = list.reading = false;
  }
  remove_lists([](const List& list) { return !list.ready && !list.reading; });
  bytes_gauge_.set(static_cast<double>(bytes));
}

void WatchLists::end_all(const Problem& problem) {
  for (List& list : lists_) {
    for (Watcher& watcher : list.watchers) end(watcher, problem.code, problem.detail);
    for (const WatchCaller& caller : std::exchange(list.waiting, {})) {
      refuse(caller, problem, problem.code);
    }
  }
  lists_.clear();
  index_ = {};
  watchers_ = 0;
}

}  // namespace dmp::registry::api
