#include "registry/api/watch/watch_stream.h"

#include <algorithm>
#include <cstring>

#include "registry/api/json_writer.h"
#include "registry/api/watch/watch_query.h"

namespace dmp::registry::api {

// A client that begins drops what it has, its last event id too: only a whole list has one.
WatchStream::WatchStream(std::shared_ptr<SharedView> view, WatchView::Place place,
                         Counters counters)
    : view_(std::move(view)), counters_(counters), place_(place) {
  pending_ = "retry: 1000\n";
  if (place_.listing) pending_ += "id\n";
  append_event(pending_, place_.listing ? "list" : "resumed", "{}");
}

Stream::Piece WatchStream::take(char* to, std::size_t bytes, std::function<void()> wake) {
  const std::lock_guard lock(view_->mutex);
  if (taken_ == pending_.size() && !ended_ && !closed_) fill();
  const std::size_t piece = std::min(bytes, pending_.size() - taken_);
  if (piece == 0) {
    if (ended_ || closed_) return {.end = true};
    wake_ = std::move(wake);
    return {};
  }
  std::memcpy(to, pending_.data() + taken_, piece);
  taken_ += piece;
  counters_.bytes.add(static_cast<double>(piece));
  return {.bytes = piece};
}

void WatchStream::fill() {
  pending_.clear();
  taken_ = 0;
  const auto taken = view_->view.take(place_, pending_, kPendingBytes);
  if (!pending_.empty()) has_id_ = false;
  if (taken == WatchView::Taken::kTooLate) {
    counters_.too_slow.add();
    append_end("too_slow",
               "more changed than is kept for a client that does not take it; list again, or watch "
               "less with a filter or fields");
  } else if (taken == WatchView::Taken::kAll) {
    append_position(synced_ ? (bookmark_ ? "bookmark" : "") : "synced");
  }
}

// The client is in the view's state now: the id it can come back with.
void WatchStream::append_position(std::string_view event) {
  const WatchDigest state = view_->view.digest();
  if (event.empty() && has_id_) return;
  pending_ += "id: " + event_id(view_->name, state) + "\n";
  has_id_ = true;
  synced_ = true;
  if (event.empty()) {
    pending_ += "\n";
    return;
  }
  bookmark_ = false;
  append_event(pending_, event, "{\"items\":" + std::to_string(state.items) + "}");
}

void WatchStream::append_end(std::string_view reason, std::string_view detail) {
  JsonWriter json;
  json.begin_object().key("reason").string(reason).key("detail").string(detail).end_object();
  append_event(pending_, "end", std::move(json).take());
  ended_ = true;
}

void WatchStream::wake(std::unique_lock<std::mutex> lock) {
  const std::function<void()> wake = std::exchange(wake_, nullptr);
  lock.unlock();
  if (wake) wake();
}

void WatchStream::notify() {
  std::unique_lock lock(view_->mutex);
  if (wake_) wake(std::move(lock));
}

void WatchStream::want_bookmark() {
  const std::lock_guard lock(view_->mutex);
  bookmark_ = true;
}

void WatchStream::keep_alive() {
  std::unique_lock lock(view_->mutex);
  // Only to one that waits: the others have something to take.
  if (!wake_ || ended_) return;
  pending_ = ": the database is away\n\n";
  taken_ = 0;
  wake(std::move(lock));
}

bool WatchStream::end(std::string_view reason, std::string_view detail) {
  std::unique_lock lock(view_->mutex);
  if (ended_ || closed_) return false;
  append_end(reason, detail);
  wake(std::move(lock));
  return true;
}

void WatchStream::close() {
  std::unique_lock lock(view_->mutex);
  closed_ = true;
  pending_ = {};
  taken_ = 0;
  wake(std::move(lock));
}

bool WatchStream::closed() const {
  const std::lock_guard lock(view_->mutex);
  return closed_;
}

}  // namespace dmp::registry::api
