// Arrivals: what came of numbered messages, of which each key's were sent in the order of their
// numbers.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>

namespace dmp::bridge {

class Arrivals {
 public:
  // The next of that key.
  void add(const std::string& key, std::size_t number) {
    if (!seen_.insert(number).second) {
      ++duplicates_;
      return;
    }
    // What comes for the first time comes in the order it was sent.
    if (number < newest_[key]) ++order_breaks_;
    newest_[key] = number;
  }

  [[nodiscard]] std::size_t distinct() const { return seen_.size(); }
  [[nodiscard]] std::size_t duplicates() const { return duplicates_; }
  [[nodiscard]] std::size_t order_breaks() const { return order_breaks_; }

 private:
  std::set<std::size_t> seen_;
  std::map<std::string, std::size_t> newest_;
  std::size_t duplicates_ = 0;
  std::size_t order_breaks_ = 0;
};

}  // namespace dmp::bridge
