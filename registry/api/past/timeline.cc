#include "registry/api/past/timeline.h"

#include <algorithm>

namespace dmp::registry::api {
namespace {

class Track {
 public:
  Track(std::int64_t from_us, std::int64_t to_us) : from_us_(from_us), to_us_(to_us) {}

  // From here on the value holds; what held before ends.
  void begin(std::int64_t at_us, std::string value, std::string detail) {
    end(at_us);
    open_ = Bar{at_us, 0, std::move(value), std::move(detail)};
  }

  void end(std::int64_t at_us) {
    if (!open_) return;
    Bar bar = *std::move(open_);
    open_.reset();
    bar.from_us = std::max(bar.from_us, from_us_);
    bar.to_us = std::min(at_us, to_us_);
    if (bar.from_us >= bar.to_us) return;
    if (!bars_.empty()) {
      Bar& last = bars_.back();
      if (last.to_us == bar.from_us && last.value == bar.value && last.detail == bar.detail) {
        last.to_us = bar.to_us;
        return;
      }
    }
    bars_.push_back(std::move(bar));
  }

  std::vector<Bar> take() {
    end(to_us_);
    return std::move(bars_);
  }

 private:
  const std::int64_t from_us_;
  const std::int64_t to_us_;
  std::optional<Bar> open_;
  std::vector<Bar> bars_;
};

// A late event takes the place of what came after it, never one in its past.
std::vector<std::int64_t> places_of(const std::vector<PastEvent>& events) {
  std::vector<std::int64_t> places(events.size());
  for (std::size_t i = events.size(); i-- > 0;) {
    places[i] = events[i].received_at_us;
    if (i + 1 < events.size()) places[i] = std::min(places[i], places[i + 1]);
  }
  return places;
}

}  // namespace

SessionBars bars_of(const std::vector<PastEvent>& events, std::int64_t from_us,
                    std::int64_t to_us) {
  Track presence(from_us, to_us);
  Track usage(from_us, to_us);
  const std::vector<std::int64_t> places = places_of(events);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Facets& facets = events[i].facets;
    if (facets.presence) {
      const Presence& fields = facets.presence->fields;
      presence.begin(places[i], std::string(fields.status.word()), fields.reason);
    }
    if (facets.usage) {
      const Usage& fields = facets.usage->fields;
      usage.begin(places[i], std::string(fields.state.word()), fields.holder);
    }
    if (!events[i].ended) continue;
    presence.end(places[i]);
    usage.end(places[i]);
  }
  return {presence.take(), usage.take()};
}

}  // namespace dmp::registry::api
