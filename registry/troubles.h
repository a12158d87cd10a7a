// Troubles: what keeps the program from its work at present, by part, for /readyz and people.
// The class is thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace dmp::registry {

class Troubles {
 public:
  // Empty: the part works.
  void set(const std::string& part, std::string trouble) {
    std::lock_guard lock(mutex_);
    if (trouble.empty()) {
      by_part_.erase(part);
    } else {
      by_part_[part] = std::move(trouble);
    }
  }

  // Each once, separated by "; "; empty: all is well.
  [[nodiscard]] std::string text() const {
    std::lock_guard lock(mutex_);
    std::string text;
    for (const auto& [part, trouble] : by_part_) {
      if (text.find(trouble) != std::string::npos) continue;
      text += (text.empty() ? "" : "; ") + trouble;
    }
    return text;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> by_part_;  // protected by mutex_
};

}  // namespace dmp::registry
