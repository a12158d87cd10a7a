// NeighbourSource: what the kernel knows about the LAN behind one bridge: neighbours, which MAC is
// on which port, and cables. Dumps at the start and whenever the kernel had to drop messages.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "local-registry/adapters/lan_source.h"
#include "local-registry/adapters/netlink_socket.h"

struct ndmsg;

namespace dmp::local {

class NeighbourSource final : public LanSource {
 public:
  // `lan`: name of the bridge (or plain interface) the devices are behind.
  static Result<std::unique_ptr<NeighbourSource>> open(const std::string& lan);

  [[nodiscard]] std::vector<int> handles() const override { return {socket_.fd()}; }
  void begin(const SightingSink& sink) override;
  void read(const SightingSink& sink) override;

 private:
  NeighbourSource(NetlinkSocket socket, int lan) : socket_(std::move(socket)), lan_(lan) {}

  void read_all(const SightingSink& sink);
  void on_message(const nlmsghdr& message, const SightingSink& sink);
  void on_link(const nlmsghdr& message, const SightingSink& sink);
  void on_neighbour(const nlmsghdr& message, const SightingSink& sink);
  void on_bridge_entry(const ndmsg& entry, const std::string& mac, const SightingSink& sink);

  struct Port {
    int number = 0;
    bool up = false;
    auto operator<=>(const Port&) const = default;
  };

  NetlinkSocket socket_;
  int lan_;  // interface index
  bool lan_was_up_ = false;
  bool lan_known_ = false;
  std::map<int, Port> ports_;  // by interface index
};

}  // namespace dmp::local
