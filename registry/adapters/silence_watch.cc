#include "registry/adapters/silence_watch.h"

#include <algorithm>

#include <sys/socket.h>
#include <unistd.h>

#include "base/stop.h"

namespace dmp::registry {
namespace {

constexpr std::chrono::milliseconds kLookEvery{250};

}  // namespace

SilenceWatch::Line::Line(SilenceWatch& watch) : watch_(watch) {
  const std::lock_guard lock(watch_.mutex_);
  watch_.lines_.push_back(this);
}

SilenceWatch::Line::~Line() {
  {
    const std::lock_guard lock(watch_.mutex_);
    std::erase(watch_.lines_, this);
  }
  disconnected();
}

void SilenceWatch::Line::connected(int socket) {
  disconnected();
  const std::lock_guard lock(mutex_);
  socket_ = dup(socket);
  silence_ = {};
}

void SilenceWatch::Line::disconnected() {
  wait_ends();
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
}

std::chrono::seconds SilenceWatch::Line::silence() const {
  const std::lock_guard lock(mutex_);
  return silence_;
}

void SilenceWatch::Line::cut() {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) shutdown(socket_, SHUT_RDWR);
}

void SilenceWatch::Line::look(SteadyTime now) {
  const SteadyTime::rep began = began_;
  const std::chrono::milliseconds limit{limit_ms_};
  if (began == kIdle || limit.count() == 0) return;
  const auto waited = now - SteadyTime(SteadyTime::duration(began));
  if (waited < limit) return;
  const std::lock_guard lock(mutex_);
  // The answer may have come meanwhile, and the next wait begun.
  if (socket_ < 0 || began_ != began) return;
  silence_ =
      std::max(std::chrono::seconds(1), std::chrono::duration_cast<std::chrono::seconds>(waited));
  shutdown(socket_, SHUT_RDWR);
}

std::shared_ptr<SilenceWatch> SilenceWatch::running() {
  static std::mutex mutex;
  static std::weak_ptr<SilenceWatch> known;
  const std::lock_guard lock(mutex);
  auto watch = known.lock();
  if (!watch) {
    watch = std::make_shared<SilenceWatch>();
    watch->run();
    known = watch;
  }
  return watch;
}

void SilenceWatch::look(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  for (Line* line : lines_) line->look(now);
}

void SilenceWatch::run() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    const SystemClock clock;
    while (!stopped_within(stop, kLookEvery)) look(clock.steady());
  });
}

}  // namespace dmp::registry
