#include "registry/api/watch/watch_hub.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "registry/api/problem.h"
#include "registry/api/replica/replica_feed.h"
#include "registry/api/sql/device_page.h"
#include "registry/api/sql/reading.h"
#include "registry/api/watch/watch_lists.h"
#include "registry/api/watch/watch_reading.h"

namespace dmp::registry::api {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kTick{1};
constexpr std::size_t kDevicesPerReading = 512;
// A look is followed by a rest of at least so many times what it took.
constexpr int kRestPerLook = 2;
static_assert(2 * Replica::kQuickWrite <= WatchScan::kOverlap);

const std::vector<double>& look_bounds() {
  static const std::vector<double> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025,
                                              0.05,  0.1,    0.25,  0.5,  1};
  return kBounds;
}

}  // namespace

struct WatchHub::Parts {
  Parts(WatchLimits given, People& people, std::function<std::unique_ptr<Database>()> connecting,
        Metrics& metrics, Replica* copy)
      : limits(given),
        connect(std::move(connecting)),
        lists(given, people, metrics),
        replica(copy, given.relist_every),
        looks(metrics.histogram("dmp_registry_watch_look_seconds",
                                "One look for changes, and telling them", look_bounds())),
        failures(metrics.counter("dmp_registry_watch_failed_looks_total",
                                 "Looks that the database did not answer")) {}

  // --- any thread ---

  bool push(WatchCaller& caller) {
    {
      const std::lock_guard lock(mutex);
      // Of those on their way too: the hub answers them all within one turn.
      if (stopping || joining.size() >= limits.watchers_max) return false;
      joining.push_back(std::move(caller));
    }
    changed.notify_one();
    return true;
  }

  // --- the hub's thread ---

  void work() {
    database = connect();
    reading.emplace(*database);
    while (wait()) {
      const SteadyTime now = steady_clock::now();
      join_all(now);
      if (is_idle(now)) continue;
      if (!started && !start(now)) continue;
      replica.follow(now);
      if (now >= lists.teller().next()) lists.teller().tell(now);
      if (now >= next_look) look(now);
      if (now >= next_tick) tick(now);
      read_page();
    }
  }

  [[nodiscard]] bool is_idle(SteadyTime now) const {
    return lists.empty() && !replica.is_wanted(now);
  }

  // What changes while nobody watches or lists is not looked for.
  void rest() {
    started = false;
    replica.drop();
  }

  // Until there is something to do; false: stop.
  bool wait() {
    std::unique_lock lock(mutex);
    const auto urgent = [this] { return stopping || !joining.empty(); };
    if (is_idle(steady_clock::now())) {
      lock.unlock();  // freeing what lists are answered from takes a while
      rest();
      lock.lock();
      if (!is_idle(steady_clock::now())) return !stopping;
      idle = true;
      changed.wait(lock, [&] { return urgent() || !idle; });
      idle = false;
    } else if (!started) {
      changed.wait_until(lock, start_after, urgent);
    } else if (!busy) {
      const SteadyTime next = std::min(next_tick, lists.teller().next());
      changed.wait_until(lock, std::min(next_look, next), [&] { return urgent() || nudged; });
      if (nudged) next_look = std::min(next_look, nudged_look);
      changed.wait_until(lock, std::min(next_look, next), urgent);
    }
    return !stopping;
  }

  void join_all(SteadyTime now) {
    std::vector<WatchCaller> callers;
    {
      const std::lock_guard lock(mutex);
      callers.swap(joining);
    }
    for (WatchCaller& caller : callers) lists.join(std::move(caller), now, away);
    busy = busy || !callers.empty();
  }

  bool start(SteadyTime now) {
    with_canary = lists.canary();
    if (const auto ready = reading->start(with_canary); !ready) {
      lists.end_all(ready.error());
      start_after = now + kTick;  // unless somebody comes who must be told
      return false;
    }
    started = true;
    away = false;
    next_look = now + limits.look_every;
    next_tick = now + kTick;
    return true;
  }

  WatchReading::Visit visit() {
    return [this](const std::vector<std::string>& devices) { return refresh(devices, nullptr); };
  }

  void look(SteadyTime now) {
    {
      const std::lock_guard lock(mutex);
      nudged = false;
    }
    note(reading->look_for_changes(with_canary, visit()));
    if (!away && !reading->is_everything()) replica.looked(now);
    const SteadyTime::duration taken = steady_clock::now() - now;
    looks.observe(std::chrono::duration<double>(taken).count());
    plan_next_look(now, taken);
  }

  // Looks leave a slow database most of the time, but for those that had a great deal to read.
  void plan_next_look(SteadyTime now, SteadyTime::duration taken) {
    const bool eager = replica.is_eager(now);
    const SteadyTime soonest =
        now + taken + std::min<SteadyTime::duration>(kRestPerLook * taken, limits.look_every);
    next_look = std::max(soonest, now + (eager ? limits.eager_look_every : limits.look_every));
    nudged_look = std::max(
        soonest, now + (eager ? limits.nudged_eager_look_every : limits.nudged_look_every));
  }

  void tick(SteadyTime now) {
    next_tick = now + kTick;
    note(reading->look_for_deadlines(with_canary, visit()));
    lists.tick(now, away);
    // What changed at the canary while nobody asked for it was not looked at.
    const bool canary = lists.canary();
    if (canary && !with_canary) lists.read_everything_again();
    with_canary = canary;
    if (!away && reading->take_everything()) {
      lists.read_everything_again();
      replica.reload();
    }
    if (!away) replica.tick(reading->take_heard(), now);
  }

  void note(const Answer<void>& done) {
    away = !done;
    if (away) failures.add();
  }

  // Lists that somebody waits for come first, then the replica, then lists that are there already.
  void read_page() {
    const SteadyTime now = steady_clock::now();
    WatchLists::List* list = lists.next_to_read(now);
    const bool waited_for = list != nullptr && !list->waiting.empty();
    const bool loading = replica.is_loading(now);
    busy = (list != nullptr || loading) && !away;
    if (waited_for || (busy && !loading)) read_page_of(*list, now);
    if (busy && loading && !waited_for) replica.load_page(*database, visit(), now);
  }

  void read_page_of(WatchLists::List& list, SteadyTime now) {
    const bool is_known = !away && !reading->is_everything();
    const auto known =
        is_known ? replica.page(list.query.filter, list.scope, list.after) : std::nullopt;
    if (known) return take_page(list, *known);
    const auto page = read_device_page(*database, list.query.filter, list.scope, list.after);
    if (!page) return fail(list, page.error(), now);
    if (!refresh(page->devices, &list)) return fail(list, problem, now);
    go_on(list, page->next);
  }

  void take_page(WatchLists::List& list, const ListedPage& page) {
    lists.apply(devices_of(page.items), page.items, &list);
    go_on(list, page.next);
  }

  void go_on(WatchLists::List& list, const std::optional<DeviceId>& next) {
    list.after = next;
    if (!next) lists.finish(list, steady_clock::now());
  }

  // Without a database every list would fail the same way, one after the other.
  void fail(WatchLists::List& list, const Problem& why, SteadyTime now) {
    away ? lists.fail_all(why, now) : lists.fail(list, why, now);
  }

  // Reads devices as they are now and tells it; false: `problem` says why not.
  bool refresh(const std::vector<std::string>& devices, WatchLists::List* only) {
    for (std::size_t begin = 0; begin < devices.size(); begin += kDevicesPerReading) {
      if (ending) {
        problem = api::stopping();
        return false;
      }
      const auto end = std::min(begin + kDevicesPerReading, devices.size());
      const std::vector<std::string> some(devices.begin() + static_cast<std::ptrdiff_t>(begin),
                                          devices.begin() + static_cast<std::ptrdiff_t>(end));
      const auto rows = read(*database, watch_items(some));
      if (!rows) {
        problem = rows.error();
        return false;
      }
      reading->note(*rows);
      replica.put(some, *rows);
      lists.apply(some, *rows, only);
    }
    return true;
  }

  const WatchLimits limits;
  const std::function<std::unique_ptr<Database>()> connect;

  // The hub's thread's.
  std::unique_ptr<Database> database;
  std::optional<WatchReading> reading;
  WatchLists lists;
  ReplicaFeed replica;
  Histogram looks;
  Counter failures;
  Problem problem;
  SteadyTime start_after{};
  SteadyTime next_look{};
  SteadyTime nudged_look{};
  SteadyTime next_tick{};
  bool started = false;
  bool with_canary = false;
  bool away = false;
  bool busy = false;  // a list, or the replica, is being read

  std::mutex mutex;
  std::condition_variable changed;
  // Protected by mutex.
  std::vector<WatchCaller> joining;
  bool idle = false;  // and waits for somebody to want something
  bool nudged = false;
  bool stopping = false;

  std::atomic<bool> ending = false;  // as `stopping`, for looks under way
  std::jthread thread;
};

WatchHub::WatchHub(WatchLimits limits, People& people,
                   std::function<std::unique_ptr<Database>()> connect, Metrics& metrics,
                   Replica* replica)
    : parts_(std::make_unique<Parts>(limits, people, std::move(connect), metrics, replica)) {}

WatchHub::~WatchHub() { stop(); }

void WatchHub::run() {
  parts_->thread = std::jthread([this] { parts_->work(); });
}

void WatchHub::stop() {
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->stopping = true;
    parts_->ending = true;
  }
  parts_->changed.notify_all();
  if (parts_->thread.joinable()) parts_->thread.join();
  parts_->lists.end_all(stopping());
  for (const WatchCaller& caller : std::exchange(parts_->joining, {})) {
    caller.reply(to_response(stopping()));
  }
}

void WatchHub::accept(const HttpRequest& request, Principal principal, std::string token,
                      Reply reply) {
  auto query = parse_watch(request);
  if (!query) return reply(to_response(query.error()));
  WatchCaller caller{std::move(*query), std::move(principal), std::move(token), std::move(reply)};
  if (!parts_->push(caller)) {
    caller.reply(to_response(parts_->ending ? stopping() : too_busy()));
  }
}

void WatchHub::lists_wanted() {
  {
    const std::lock_guard lock(parts_->mutex);
    if (!std::exchange(parts_->idle, false)) return;
  }
  parts_->changed.notify_one();
}

void WatchHub::nudge() {
  {
    const std::lock_guard lock(parts_->mutex);
    if (parts_->nudged) return;
    parts_->nudged = true;
  }
  parts_->changed.notify_one();
}

}  // namespace dmp::registry::api
