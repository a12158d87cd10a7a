#include "tests/simulation/lan.h"

namespace dmp::simulation {

using local::NeighbourSeen;
using std::chrono::milliseconds;

namespace {

constexpr const char* kProfile = "roku";

std::string mac_of(const std::string& udn, std::size_t interface) {
  // The hash only has to be the same on every run.
  std::uint32_t hash = 2166136261U + static_cast<std::uint32_t>(interface);
  for (const char c : udn) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619U;
  constexpr const char* kDigits = "0123456789abcdef";
  std::string mac = "b0:a7";
  for (int i = 0; i < 4; ++i) {
    const auto byte = (hash >> (8 * i)) & 0xffU;
    mac += {':', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return mac;
}

}  // namespace

std::vector<local::Profile> lan_profiles() {
  local::Profile profile;
  profile.name = kProfile;
  profile.guess = true;
  profile.url = "http://{address}:8060/";
  return {profile};
}

Lan::Lan(const std::string& name, int devices, Dice& dice, Post post)
    : dice_(dice), post_(std::move(post)) {
  for (int i = 1; i <= devices; ++i) {
    const std::string udn = name + "-device-" + std::to_string(i);
    devices_.push_back({udn, {mac_of(udn, 0), mac_of(udn, 1)}, "10.0.0." + std::to_string(i)});
  }
}

Device* Lan::at_address(const std::string& address) {
  for (Device& device : devices_) {
    if (device.address == address) return &device;
  }
  return nullptr;
}

void Lan::show(const Device& device) {
  post_(dice_.between(milliseconds(1), milliseconds(400)),
        local::Sighting(NeighbourSeen{device.address, device.macs[device.interface],
                                      NeighbourSeen::State::kReachable, true}));
}

void Lan::switch_on(std::size_t place) {
  devices_[place].is_on = true;
  show(devices_[place]);
}

void Lan::switch_off(std::size_t place) {
  Device& device = devices_[place];
  device.is_on = false;
  // The kernel asks in vain, and again.
  for (const int wait_ms : {1000, 3000}) {
    post_(milliseconds(wait_ms) + dice_.between(milliseconds(0), milliseconds(200)),
          local::Sighting(NeighbourSeen{device.address, "", NeighbourSeen::State::kFailed, true}));
  }
}

void Lan::toggle(std::size_t place) {
  devices_[place].is_on ? switch_off(place) : switch_on(place);
}

void Lan::change_interface(std::size_t place) {
  Device& device = devices_[place];
  device.interface = 1 - device.interface;
  if (device.is_on) show(device);
}

void Lan::wake_all() {
  for (const Device& device : devices_) {
    if (device.is_on) show(device);
  }
}

bool Lan::ask(const local::ProbeOrder& order) {
  const Device* device = at_address(order.clues.address);
  local::ProbeOutcome outcome{kProfile, {}, "no connection"};
  if (device != nullptr && device->is_on) {
    outcome.error.clear();
    outcome.observation.fields = {{"identity.manufacturer", "Roku"},
                                  {"identity.model", "Ultra"},
                                  {"claim.udn", device->udn},
                                  {"software.firmware_version", std::to_string(device->firmware)}};
  }
  post_(dice_.between(milliseconds(5), milliseconds(800)),
        local::Sighting(local::ProbeFinished{order.session, order.clues.address, {outcome}}));
  return true;
}

Status Lan::watch(const std::string& address) {
  const Device* device = at_address(address);
  if (device != nullptr && device->is_on) {
    show(*device);
    return {};
  }
  for (const int wait_ms : {1000, 3000}) {
    post_(milliseconds(wait_ms),
          local::Sighting(NeighbourSeen{address, "", NeighbourSeen::State::kFailed, true}));
  }
  return {};
}

}  // namespace dmp::simulation
