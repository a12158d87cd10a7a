// Lan: the devices behind one RAE, with the kernel's neighbour table and the prober that an agent
// sees them through. What they say reaches the agent a little later, if it still runs then.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "local-registry/ports.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/timeline.h"

namespace dmp::simulation {

struct Device {
  std::string udn;
  std::vector<std::string> macs;  // the first is used until it moves to its other interface
  std::string address;
  int firmware = 1;
  std::size_t interface = 0;
  bool is_on = false;
};

class Lan final : public local::Prober, public local::NeighbourTable {
 public:
  using Post = std::function<void(SimTime delay, local::Event event)>;

  // `post` reaches the agent that runs now and no later one.
  Lan(const std::string& name, int devices, Dice& dice, Post post);

  [[nodiscard]] std::size_t size() const { return devices_.size(); }
  void switch_on(std::size_t place);
  void switch_off(std::size_t place);
  void toggle(std::size_t place);
  void upgrade(std::size_t place) { ++devices_[place].firmware; }
  // From cable to Wi-Fi or back: another MAC, so that it looks like another device at first.
  void change_interface(std::size_t place);
  // Everything that is on sends something: after the agent started.
  void wake_all();

  bool ask(const local::ProbeOrder& order) override;
  Status watch(const std::string& address) override;
  Status unwatch(const std::string&) override { return {}; }

 private:
  Device* at_address(const std::string& address);
  void show(const Device& device);

  std::vector<Device> devices_;
  Dice& dice_;
  Post post_;
};

// The profile by which the devices are asked.
std::vector<local::Profile> lan_profiles();

}  // namespace dmp::simulation
