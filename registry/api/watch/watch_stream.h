// WatchStream: what one client of a watch gets: server-sent events, in pieces, as it takes them.
//
// Holds at most kPendingBytes and one event of what the client has not taken yet; the rest stays in
// the view. Thread-safe: the client's side takes, the hub's side notifies and ends.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/metrics.h"
#include "registry/api/http.h"
#include "registry/api/watch/watch_view.h"

namespace dmp::registry::api {

// A view and the lock that everything about it and its clients is under. One thread writes the
// view; that one may read it without the lock.
struct SharedView {
  std::string name;  // constant
  std::mutex mutex;
  WatchView view;
};

class WatchStream final : public Stream {
 public:
  static constexpr std::size_t kPendingBytes = 16384;

  struct Counters {
    Counter bytes;
    Counter too_slow;
  };

  // Of a client that begins with the list, or goes on at `place`.
  WatchStream(std::shared_ptr<SharedView> view, WatchView::Place place, Counters counters);

  Piece take(char* to, std::size_t bytes, std::function<void()> wake) override;
  void close() override;

  // The view has changed, or a bookmark is due.
  void notify();

  // With the next notify() the client is told that it is up to date, changed or not.
  void want_bookmark();

  // For the view's writer: whether somebody is going to notify the stream already. No lock.
  bool put_in_line() { return !std::exchange(in_line_, true); }
  void leave_line() { in_line_ = false; }

  // A comment, so that both sides see whether the other is there.
  void keep_alive();

  // The stream ends once the client has taken this. Only the first counts; false: it was not.
  bool end(std::string_view reason, std::string_view detail);

  [[nodiscard]] bool closed() const;

 private:
  void fill();
  void append_end(std::string_view reason, std::string_view detail);
  void append_position(std::string_view event);
  void wake(std::unique_lock<std::mutex> lock);

  const std::shared_ptr<SharedView> view_;
  Counters counters_;
  bool in_line_ = false;  // the writer's own
  // Protected by view_->mutex.
  WatchView::Place place_;
  std::string pending_;
  std::size_t taken_ = 0;  // of pending_
  std::function<void()> wake_;
  bool has_id_ = false;  // of the state the client is in
  bool synced_ = false;
  bool bookmark_ = false;
  bool ended_ = false;
  bool closed_ = false;
};

}  // namespace dmp::registry::api
