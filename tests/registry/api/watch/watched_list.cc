#include "tests/registry/api/watch/watched_list.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace dmp::registry {
namespace {

std::string device_of(const std::string& json) {
  const std::string key = R"("device_id":")";
  const std::size_t at = json.find(key);
  EXPECT_NE(at, std::string::npos) << json;
  return at == std::string::npos ? "" : json.substr(at + key.size(), 36);
}

}  // namespace

void WatchedList::feed(const std::string& bytes) {
  rest_ += bytes;
  for (std::size_t end; (end = rest_.find("\n\n")) != std::string::npos;) {
    take(rest_.substr(0, end + 1));
    rest_.erase(0, end + 2);
  }
}

void WatchedList::take(const std::string& block) {
  Event event;
  for (std::size_t begin = 0; begin < block.size();) {
    const std::size_t end = block.find('\n', begin);
    const std::string line = block.substr(begin, end - begin);
    begin = end + 1;
    if (line.starts_with(':')) ++comments_;
    if (line == "id") last_event_id_.clear();
    if (line.starts_with("id: ")) last_event_id_ = line.substr(4);
    if (line.starts_with("event: ")) event.kind = line.substr(7);
    if (line.starts_with("data: ")) event.data = line.substr(6);
  }
  if (event.kind == "list") items_.clear();
  if (event.kind == "added" || event.kind == "changed") items_[device_of(event.data)] = event.data;
  if (event.kind == "removed") items_.erase(device_of(event.data));
  if (event.kind == "end") ended_ = event.data;
  if (!event.kind.empty()) events_.push_back(event);
}

std::size_t WatchedList::count(const std::string& kind) const {
  return static_cast<std::size_t>(std::count_if(
      events_.begin(), events_.end(), [&](const Event& event) { return event.kind == kind; }));
}

}  // namespace dmp::registry
