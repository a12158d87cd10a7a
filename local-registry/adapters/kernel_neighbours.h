// KernelNeighbours: NeighbourTable by rtnetlink. A watched address is a `managed` entry (Linux
// 5.16): the kernel probes it for ever and reports REACHABLE and FAILED. Needs CAP_NET_ADMIN.
#pragma once

#include <memory>
#include <string>

#include "local-registry/adapters/netlink_socket.h"
#include "local-registry/ports.h"

namespace dmp::local {

class KernelNeighbours final : public NeighbourTable {
 public:
  static Result<std::unique_ptr<KernelNeighbours>> open(const std::string& lan);

  Status watch(const std::string& address) override;
  Status unwatch(const std::string& address) override;

 private:
  KernelNeighbours(NetlinkSocket socket, int lan) : socket_(std::move(socket)), lan_(lan) {}
  Status send(int type, int flags, const std::string& address, bool managed);

  NetlinkSocket socket_;
  int lan_;
};

}  // namespace dmp::local
