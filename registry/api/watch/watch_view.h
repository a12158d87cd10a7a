// WatchView: one filtered list as it is now, and what changed in it last.
//
// Clients are places in it, not copies of it: a slow client costs no memory, and what changed
// several times while it was away it gets once, as it is now. A client that has taken everything
// has exactly the view's items; the digest then names its state, on whatever instance it comes
// back. Pure; not thread-safe: its owner locks.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/ids.h"

namespace dmp::registry::api {

// What a state of a view is known by: equal items, equal digest.
struct WatchDigest {
  std::uint64_t hash = 0;
  std::uint64_t items = 0;

  bool operator==(const WatchDigest&) const = default;
};

class WatchView {
 public:
  struct Limits {
    std::size_t changes_max = 8192;  // kept, or twice the items if that is more
    std::size_t digests_max = 512;   // states that a client can go on from
  };

  WatchView() : WatchView(Limits()) {}
  explicit WatchView(Limits limits);

  // The device's item is this JSON, on one line; false: it was already.
  bool put(const DeviceId& device, std::string_view item);
  // The device is not in the list; false: it was not.
  bool remove(const DeviceId& device);

  // Between the two, put() marks what it is told, changed or not; finish_listing() removes from the
  // items what was not told, and says what that was.
  void begin_listing() { ++listing_; }
  std::vector<DeviceId> finish_listing();

  // The states up to here can be gone on from. Called between two rounds of changes: the states
  // within a round are nobody's.
  void mark();

  [[nodiscard]] WatchDigest digest() const { return digest_; }
  [[nodiscard]] bool has(const DeviceId& device) const { return items_.contains(device); }
  [[nodiscard]] std::size_t items() const { return items_.size(); }
  [[nodiscard]] std::vector<DeviceId> devices() const;
  [[nodiscard]] std::size_t bytes() const;  // of memory, about

  // Where a client stands.
  struct Place {
    std::uint64_t next = 0;            // change it gets next
    bool listing = false;              // it does not have all items yet ...
    std::optional<DeviceId> listed{};  // ... but those up to this one
  };

  [[nodiscard]] Place start() const;  // of one that has nothing
  // Of one that has this state; none if that is too long ago, or never was.
  [[nodiscard]] std::optional<Place> find(const WatchDigest& digest) const;

  enum class Taken { kMore, kAll, kTooLate };

  // Takes server-sent events for a client until `out` has `bytes` or the client has everything.
  // kAll: the client is in the state of digest(). kTooLate: what it would get next is forgotten.
  Taken take(Place& place, std::string& out, std::size_t bytes) const;

 private:
  struct Item {
    std::string json;
    std::uint64_t change = 0;   // the newest
    std::uint64_t added = 0;    // the one that brought it in
    std::uint64_t listing = 0;  // the newest that told it
  };
  using Items = std::map<DeviceId, Item>;
  struct State {
    WatchDigest digest;
    std::uint64_t next = 0;
  };

  std::uint64_t note(const DeviceId& device);
  void remove(Items::iterator item);
  void take_change(const Place& place, std::string& out) const;

  const Limits limits_;
  Items items_;
  std::uint64_t item_bytes_ = 0;
  WatchDigest digest_;
  std::uint64_t listing_ = 0;
  std::deque<DeviceId> changes_;  // whose; the first is number first_
  std::uint64_t first_ = 0;
  std::deque<State> states_;
};

// An event of the stream: `added` and `changed` carry the item, `removed` the device_id.
void append_event(std::string& out, std::string_view kind, std::string_view data);

}  // namespace dmp::registry::api
