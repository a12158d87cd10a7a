// Ports: what the bridge's loop needs from the outside world. Each has an adapter and a fake, and
// both pass the same tests (tests/bridge).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bridge/core/command.h"
#include "bridge/core/message.h"
#include "bridge/core/record.h"

namespace dmp::bridge {

struct WindowLevel {
  std::size_t messages = 0;
  std::size_t bytes = 0;
  std::uint64_t refused = 0;  // since the start
};

// Window: a bounded store of messages between MQTT and Kafka, first in, first out.
class Window {
 public:
  virtual ~Window() = default;

  // Keeps a copy; false if it has no room. Never blocks. For the source's thread.
  virtual bool append(const Message& message) noexcept = 0;

  // Everything below is for the loop.

  // The oldest message not yet taken; the n-th has sequence n, from 0. Valid until freed.
  virtual std::optional<Message> take() = 0;
  // A message taken and not yet freed.
  [[nodiscard]] virtual Message at(std::uint64_t sequence) const = 0;
  // Frees the `count` oldest messages, which were taken.
  virtual void free(std::size_t count) = 0;
  // Of any thread.
  [[nodiscard]] virtual WindowLevel level() const = 0;
};

// A message to an agent.
struct Publish {
  std::string topic;
  std::string payload;
  std::chrono::seconds expiry;
  std::uint64_t ticket = 0;  // comes back in kAnswered; 0: nobody waits, and it may be lost
};

struct SourceEvent {
  enum class Kind {
    kUp,          // the connection stands
    kSubscribed,  // the broker keeps our subscriptions
    kDown,
    kAnswered,
    kEchoed,  // a message to ourselves is back
  };
  Kind kind = Kind::kDown;
  bool session_present = false;  // of kUp: the broker still had our session
  std::string reason;            // of kDown; of kAnswered: why the broker refused, empty if it took
  std::uint64_t ticket = 0;      // of kAnswered; of kEchoed: its number
  bool unheard = false;          // of kAnswered: the broker took it, but nobody is subscribed
};

// Source: the MQTT broker. While it is up, messages of the routes' filters go into the window.
//
// Once the window is at its high water mark, nothing more is read until read_on(): the connection
// stands, and the broker keeps what it has. A message the window refuses all the same is not
// acknowledged: the connection ends and the broker sends it again.
// All methods are for the loop and return at once.
class Source {
 public:
  virtual ~Source() = default;

  // Only while down. One kUp or kDown follows; after kUp one kSubscribed, unless a kDown comes
  // first.
  virtual void connect() = 0;
  // Only while up, cleanly: the session stays at the broker. One kDown follows.
  virtual void disconnect() = 0;
  // What happened since the last call, oldest first. A lost connection is a kDown.
  virtual std::optional<SourceEvent> poll() = 0;
  // Reads again, if it had stopped and the window is not high any more.
  virtual void read_on() = 0;
  // Fails if it is down or has too much to send already. With a ticket, one kAnswered follows
  // unless a kDown comes first.
  virtual Status publish(const Publish& message) = 0;
  // Sends a message to ourselves by the broker. One kEchoed may follow, of the newest only if
  // several are back; it may be lost.
  virtual void echo(std::uint64_t number) = 0;
};

struct Delivery {
  std::uint64_t ticket = 0;
  // Set: Kafka will never take this record. The fault may be a neighbour's in the same batch.
  std::optional<Error> rejection;
};

// Sink: Kafka. Records of one topic and key are stored in the order they were sent, each once per
// send.
//
// It borrows the value of a record, which must stay until reported or until rebuild().
// All methods are for the loop and return at once, except rebuild.
class Sink {
 public:
  virtual ~Sink() = default;

  // False: full or broken; nothing was taken. `ticket` comes back in the report.
  virtual bool send(std::uint64_t ticket, const Record& record) = 0;
  // Reports since the last call.
  virtual std::vector<Delivery> poll() = 0;
  // Why nothing can be stored before rebuild(); a new sink is broken.
  [[nodiscard]] virtual std::optional<Error> broken() const = 0;
  // Starts afresh and forgets whatever it has not reported.
  virtual Status rebuild() = 0;
};

// Commands: what Kafka holds for agents, read by a group of this bridge's own. Those of one key
// come in the order they were written. At most a bounded number wait to be taken.
//
// All methods are for the loop and return at once.
class Commands {
 public:
  virtual ~Commands() = default;

  // Begins behind what was done. Whatever was taken and not done before end() comes again.
  virtual void begin() = 0;
  // Gives nothing more; keeps what is done for the next begin(), of this bridge or its standby.
  virtual void end() = 0;

  virtual std::optional<Command> take() = 0;
  // Every command of the partition below `next` is done.
  virtual void done(std::int32_t partition, std::int64_t next) = 0;

  // Why nothing can be read at present; empty: it can.
  [[nodiscard]] virtual std::string trouble() const = 0;
};

}  // namespace dmp::bridge
