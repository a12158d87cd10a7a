// WatchedList: what a client of a watch knows, from the bytes it was sent. It does what the API's
// documentation says and nothing else.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace dmp::registry {

class WatchedList {
 public:
  struct Event {
    std::string kind;
    std::string data;
  };

  // Of a stream; a piece may end anywhere.
  void feed(const std::string& bytes);

  // A new connection: half an event of the old one is lost.
  void reconnected() { rest_.clear(), ended_.clear(); }

  // By device_id.
  [[nodiscard]] const std::map<std::string, std::string>& items() const { return items_; }
  [[nodiscard]] const std::string& last_event_id() const { return last_event_id_; }
  [[nodiscard]] const std::vector<Event>& events() const { return events_; }
  [[nodiscard]] std::size_t count(const std::string& kind) const;
  [[nodiscard]] const std::string& ended() const { return ended_; }  // data of `end`
  [[nodiscard]] int comments() const { return comments_; }

  void forget() { *this = {}; }

 private:
  void take(const std::string& block);

  std::string rest_;
  std::map<std::string, std::string> items_;
  std::string last_event_id_;
  std::vector<Event> events_;
  std::string ended_;
  int comments_ = 0;
};

}  // namespace dmp::registry
