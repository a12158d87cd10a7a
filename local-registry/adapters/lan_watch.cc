#include "local-registry/adapters/lan_watch.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/eventfd.h>

#include "base/check.h"
#include "base/log.h"

namespace dmp::local {
namespace {

int poll_timeout_ms(SteadyTime next, SteadyTime now) {
  constexpr std::chrono::milliseconds kLongest{60'000};
  if (next <= now) return 0;
  if (next - now > kLongest) return static_cast<int>(kLongest.count());
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(next - now).count());
}

constexpr std::chrono::milliseconds kPollAgain{1000};

}  // namespace

LanWatch::LanWatch(std::vector<std::unique_ptr<LanSource>> sources, EventQueue& events,
                   Metrics& metrics)
    : sources_(std::move(sources)),
      events_(events),
      dropped_(metrics.counter("dmp_local_registry_events_dropped_total",
                               "Events that found the queue of the loop full.",
                               {{"source", "lan"}})),
      poll_errors_(metrics.counter("dmp_local_registry_poll_errors_total",
                                   "Times the system refused to wait for LAN events.")) {}

LanWatch::~LanWatch() { stop(); }

Status LanWatch::run() {
  wake_ = FileHandle(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) return fail("no_handle", std::string("cannot open an eventfd: ") + strerror(errno));
  thread_ = std::thread([this] { listen(); });
  return {};
}

void LanWatch::stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopping_changed_.notify_all();
  DMP_CHECK(eventfd_write(wake_.get(), 1) == 0);
  thread_.join();
}

void LanWatch::push(Sighting&& sighting) {
  if (!events_.try_push(Event(std::move(sighting)))) dropped_.add();
}

bool LanWatch::is_stopped_within(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return stopping_changed_.wait_for(lock, patience, [this] { return stopping_; });
}

void LanWatch::listen() {
  const SightingSink sink = [this](Sighting&& sighting) { push(std::move(sighting)); };
  std::vector<pollfd> polled = {{wake_.get(), POLLIN, 0}};
  std::vector<LanSource*> owners = {nullptr};
  for (const auto& source : sources_) {
    source->begin(sink);
    for (const int handle : source->handles()) {
      polled.push_back({handle, POLLIN, 0});
      owners.push_back(source.get());
    }
  }
  for (;;) {
    const SteadyTime now = SystemClock().steady();
    SteadyTime next = SteadyTime::max();
    for (const auto& source : sources_) {
      if (source->next_tick() <= now) source->tick(now, sink);
      next = std::min(next, source->next_tick());
    }
    const int ready = poll(polled.data(), polled.size(), poll_timeout_ms(next, now));
    if (ready < 0) {
      if (errno == EINTR) continue;
      log_error("poll_failed", {{"error", strerror(errno)}});
      poll_errors_.add();
      if (is_stopped_within(kPollAgain)) return;
      continue;
    }
    if ((polled[0].revents & POLLIN) != 0) return;
    for (std::size_t i = 1; i < polled.size(); ++i) {
      if (polled[i].revents != 0) owners[i]->read(sink);
    }
  }
}

}  // namespace dmp::local
