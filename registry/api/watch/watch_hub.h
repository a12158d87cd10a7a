// WatchHub: follows what changes in the database, on one connection, for all who watch and for the
// replica that lists are answered from.
//
// Lists that are watched are kept in memory, each once however many watch it, and read again where
// something changed: looked for every `look_every`, or soon after nudge(); more often while lists
// are asked for. A watched list is also read again as a whole every `relist_every`. While nobody
// watches or wants lists nothing is looked for. Public functions are thread-safe; everything else
// happens on the hub's own thread. People, Metrics and the replica must outlive it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "registry/api/http.h"
#include "registry/api/people.h"
#include "registry/api/reader.h"
#include "registry/api/replica/replica.h"

namespace dmp::registry::api {

struct WatchLimits {
  std::size_t watchers_max = 1500;                 // more get 503
  std::size_t bytes_max = std::size_t{256} << 20;  // of all lists that are watched; more get 503
  std::chrono::milliseconds look_every{250};
  std::chrono::milliseconds nudged_look_every{150};
  std::chrono::milliseconds eager_look_every{50};  // while lists are asked for
  std::chrono::milliseconds nudged_eager_look_every{10};
  std::chrono::milliseconds bookmark_every{10000};  // also how soon a client that left is noticed
  std::chrono::milliseconds watch_max{3'600'000};   // then the client comes back, perhaps elsewhere
  std::chrono::milliseconds unwatched_kept{60'000};
  std::chrono::milliseconds relist_every{600'000};
};

class WatchHub {
 public:
  WatchHub(WatchLimits limits, People& people, std::function<std::unique_ptr<Database>()> connect,
           Metrics& metrics, Replica* replica = nullptr);
  ~WatchHub();
  WatchHub(const WatchHub&) = delete;
  WatchHub& operator=(const WatchHub&) = delete;

  void run();

  // Ends every stream with a word. Idempotent.
  void stop();

  // `reply` is called exactly once, here or by the hub's thread: the list must be read first.
  void accept(const HttpRequest& request, Principal principal, std::string token, Reply reply);

  // Something was written: look soon.
  void nudge();

  // The replica was asked for a list.
  void lists_wanted();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace dmp::registry::api
