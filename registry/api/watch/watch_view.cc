#include "registry/api/watch/watch_view.h"

#include <algorithm>

namespace dmp::registry::api {
namespace {

// Of a node of the map beside its text, and of the index that says which lists hold the device.
constexpr std::size_t kItemOverheadBytes = 144 + 104;

// FNV-1a, then mixed: the sum of many must not show their structure.
std::uint64_t hash_of(const DeviceId& device, std::string_view json) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](std::uint8_t byte) {
    hash ^= byte;
    hash *= 0x100000001b3;
  };
  for (const std::uint8_t byte : device.bytes()) add(byte);
  for (const char c : json) add(static_cast<std::uint8_t>(c));
  hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ hash >> 27) * 0x94d049bb133111eb;
  return hash ^ hash >> 31;
}

// Takes away the id the client has: between two states it is in neither, and the older one may
// come again at a later place.
void append_change(std::string& out, std::string_view kind, std::string_view data) {
  out.append("id\n");
  append_event(out, kind, data);
}

}  // namespace

void append_event(std::string& out, std::string_view kind, std::string_view data) {
  out.append("event: ").append(kind).append("\ndata: ").append(data).append("\n\n");
}

WatchView::WatchView(Limits limits) : limits_(limits) { mark(); }

bool WatchView::put(const DeviceId& device, std::string_view item) {
  const auto [at, added] = items_.try_emplace(device);
  Item& known = at->second;
  known.listing = listing_;
  if (!added && known.json == item) return false;
  if (!added) digest_.hash -= hash_of(device, known.json);
  item_bytes_ = item_bytes_ - known.json.size() + item.size();
  known.json = item;
  digest_.hash += hash_of(device, item);
  digest_.items = items_.size();
  known.change = note(device);
  if (added) known.added = known.change;
  return true;
}

bool WatchView::remove(const DeviceId& device) {
  const auto found = items_.find(device);
  if (found == items_.end()) return false;
  remove(found);
  return true;
}

void WatchView::remove(Items::iterator item) {
  const DeviceId device = item->first;
  digest_.hash -= hash_of(device, item->second.json);
  item_bytes_ -= item->second.json.size();
  items_.erase(item);
  digest_.items = items_.size();
  note(device);
}

std::vector<DeviceId> WatchView::finish_listing() {
  std::vector<DeviceId> gone;
  for (auto item = items_.begin(); item != items_.end();) {
    const auto next = std::next(item);
    if (item->second.listing != listing_) {
      gone.push_back(item->first);
      remove(item);
    }
    item = next;
  }
  return gone;
}

std::vector<DeviceId> WatchView::devices() const {
  std::vector<DeviceId> all;
  all.reserve(items_.size());
  for (const auto& [device, item] : items_) all.push_back(device);
  return all;
}

std::uint64_t WatchView::note(const DeviceId& device) {
  changes_.push_back(device);
  if (changes_.size() > std::max(limits_.changes_max, 2 * items_.size())) {
    changes_.pop_front();
    ++first_;
  }
  return first_ + changes_.size() - 1;
}

void WatchView::mark() {
  const std::uint64_t next = first_ + changes_.size();
  if (!states_.empty() && states_.back().next == next) return;
  states_.push_back({digest_, next});
  while (states_.size() > limits_.digests_max || states_.front().next < first_) {
    states_.pop_front();
  }
}

std::size_t WatchView::bytes() const {
  return item_bytes_ + items_.size() * kItemOverheadBytes + changes_.size() * sizeof(DeviceId) +
         states_.size() * sizeof(State);
}

WatchView::Place WatchView::start() const {
  return {.next = first_ + changes_.size(), .listing = true};
}

std::optional<WatchView::Place> WatchView::find(const WatchDigest& digest) const {
  for (auto state = states_.rbegin(); state != states_.rend() && state->next >= first_; ++state) {
    if (state->digest == digest) return Place{.next = state->next};
  }
  return std::nullopt;
}

// Each device once, as it is now; what comes with the list anyway is left to it.
void WatchView::take_change(const Place& place, std::string& out) const {
  const DeviceId& device = changes_[place.next - first_];
  if (place.listing && (!place.listed || device > *place.listed)) return;
  const auto found = items_.find(device);
  if (found == items_.end()) {
    append_change(out, "removed", R"({"device_id":")" + device.str() + R"("})");
  } else if (found->second.change == place.next) {
    append_change(out, found->second.added == place.next ? "added" : "changed", found->second.json);
  }
}

WatchView::Taken WatchView::take(Place& place, std::string& out, std::size_t bytes) const {
  if (place.next < first_) return Taken::kTooLate;
  for (; place.next < first_ + changes_.size(); ++place.next) {
    if (out.size() >= bytes) return Taken::kMore;
    take_change(place, out);
  }
  auto item = place.listed ? items_.upper_bound(*place.listed) : items_.begin();
  for (; place.listing && item != items_.end(); ++item) {
    if (out.size() >= bytes) return Taken::kMore;
    append_change(out, "added", item->second.json);
    place.listed = item->first;
  }
  place.listing = false;
  return Taken::kAll;
}

}  // namespace dmp::registry::api
