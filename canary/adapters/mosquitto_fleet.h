// MosquittoFleet: the fleet on libmosquitto, all clients on one thread under one epoll.
//
// MQTT 5 by mutual TLS, each client with the certificate of its name. libmosquitto needs three file
// descriptors per client. Connecting never blocks as long as the host is an
// address; a name is looked up each time. Not thread-safe: one thread calls everything.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "canary/adapters/epoll_wait.h"
#include "canary/adapters/tls_context.h"
#include "canary/ports.h"

namespace dmp::canary {

struct BrokerAccess {
  std::string host;
  int port = 8883;
  std::string ca;            // PEM file
  std::string certificates;  // folder with SERIAL.crt and SERIAL.key
  int keepalive_s = 20;
};

class MosquittoFleet final : public ClientFleet {
 public:
  // `clock` outlives it.
  MosquittoFleet(BrokerAccess access, int clients, const Clock& clock);
  ~MosquittoFleet() override;

  // Reads that client's certificate and key beforehand; connect() otherwise does. Error: names
  // them, or what is wrong with the access.
  Status load(int client, const std::string& serial);

  Status connect(int client, const Introduction& introduction) override;
  Status subscribe(int client, const std::string& topic) override;
  Result<int> publish(int client, const Outgoing& message) override;
  void leave(int client) override;
  void abandon(int client) override;
  void poll(SteadyTime deadline, std::vector<FleetEvent>& events) override;

 private:
  struct Client;
  struct Callbacks;

  void serve(Client& client, unsigned flags);
  void go_on(Client& client, unsigned flags);
  void look_after_all();
  void settle(Client& client);
  void tell(const Client& client, FleetEvent event);

  const BrokerAccess access_;
  const Clock& clock_;
  const int epoll_;
  EpollWait wait_;
  const Client* current_ = nullptr;  // whose handshake goes on
  Result<TlsContext> tls_;           // the error is every connect's
  SteadyTime next_round_{};
  std::vector<FleetEvent> events_;  // bounded: at most what one round of the sockets brings
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace dmp::canary
