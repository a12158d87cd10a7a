// PahoUplink: MQTT 5 over TLS by Paho. Clean start, no session, keepalive 20 s, QoS 1.
//
// Every connection gets a client of its own: Paho never forgets the publishes that were unanswered
// when a connection ended, so the client goes, and they with it, once the next connection stands.
// Paho's threads call back; the callbacks only push events into the queue. A full queue drops the
// event and counts it: the outbox sends again what was not confirmed, and after the end of a
// connection every publish fails at once.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "base/metrics.h"
#include "base/result.h"
#include "local-registry/ports.h"

namespace dmp::local {

struct BrokerAddress {
  std::string uri;        // ssl://host:port
  std::string client_id;  // also the certificate's CN
  std::string ca;         // files
  std::string certificate;
  std::string key;
};

class PahoUplink final : public Uplink {
 public:
  // `events` outlives it.
  static Result<std::unique_ptr<PahoUplink>> create(const BrokerAddress& broker, EventQueue& events,
                                                    Metrics& metrics);
  ~PahoUplink() override;

  Status connect(const std::string& will_topic, const std::string& will_payload) override;
  Status subscribe(const std::string& topic) override;
  Status publish(const Publish& message) override;
  void disconnect() override;
  void abandon() override;

 private:
  struct Client;

  PahoUplink(const BrokerAddress& broker, EventQueue& events, Metrics& metrics);
  void begin_client();

  const BrokerAddress broker_;
  EventQueue& events_;
  Counter dropped_;
  std::set<int> other_sockets_;  // to the broker's port, that are not ours
  std::unique_ptr<Client> client_;
  std::unique_ptr<Client> retired_;  // had a connection that ended
};

}  // namespace dmp::local
