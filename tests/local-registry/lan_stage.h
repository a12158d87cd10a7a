// A RAE's LAN in network namespaces of this process: bridge `br-lan` with two ports, and behind
// each port a device in a namespace of its own. Needs root or user namespaces.
#pragma once

#include <string>

#include <sys/types.h>

namespace dmp::local {

class LanStage {
 public:
  static constexpr const char* kBridge = "br-lan";

  // Moves this process into a new network namespace. False: not permitted here.
  static bool enter();

  // REQUIRES: enter() succeeded.
  LanStage();
  ~LanStage();
  LanStage(const LanStage&) = delete;
  LanStage& operator=(const LanStage&) = delete;

  // `number` of the device: 1 or 2.
  static std::string address(int number) { return "10.77.0.1" + std::to_string(number); }
  static std::string mac(int number) { return "02:00:5e:10:00:0" + std::to_string(number); }

  // In the RAE's namespace, and in a device's. The command must succeed.
  void rae(const std::string& command) const;
  void device(int number, const std::string& command) const;

 private:
  pid_t devices_[2] = {-1, -1};
};

}  // namespace dmp::local
