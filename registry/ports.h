// Ports: what the ingest loop needs from the outside world.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "registry/core/flow.h"
#include "registry/core/fold.h"
#include "registry/core/record.h"
#include "registry/core/sqlstate.h"

namespace dmp::registry {

// Who is told which partitions this member has. Called on the loop thread, inside poll or close.
class AssignmentListener {
 public:
  struct Start {
    Partition partition;
    std::optional<std::int64_t> next;  // first offset that will come, if known
    std::int64_t expired = 0;  // records before it that Kafka removed before the group read them
  };

  virtual ~AssignmentListener() = default;
  virtual void assigned(const std::vector<Start>& starts) = 0;
  // Where partitions begin that were assigned without it.
  virtual void located(const std::vector<Start>& starts) = 0;
  // Nobody works on a partition any more when this returns. What may be committed.
  virtual std::vector<PartitionOffset> revoked() = 0;
  virtual void commit_failed(const std::vector<PartitionOffset>& offsets) = 0;
  // Kafka has answered a commit, so long after it was asked.
  virtual void commit_answered(std::chrono::steady_clock::duration after) = 0;
};

// A member of a consumer group whose partitions are shared out to lanes. `take` and `end` are for
// the lanes, the rest for the loop thread.
class RecordSource {
 public:
  virtual ~RecordSource() = default;

  // Serves the group for at most `patience`. An error means that this source is finished: close it
  // and make another.
  virtual Status poll(std::chrono::milliseconds patience) = 0;

  // Asks for a commit; `commit_failed` reports one that failed.
  virtual void commit(const std::vector<PartitionOffset>& offsets) = 0;

  // Leaves the group (revoked() is called, its offsets are committed). Idempotent.
  virtual void close() = 0;

  // Why Kafka cannot be worked with at present; empty: it can.
  [[nodiscard]] virtual std::string trouble() const = 0;

  // Records of the lane's partitions, oldest first per partition, as far as `credit` goes. Returns
  // at once if there are any, else after `patience` at most.
  virtual std::vector<Record> take(std::size_t lane, Credit credit,
                                   std::chrono::milliseconds patience) = 0;

  // The offset behind the newest record of a partition, if known.
  [[nodiscard]] virtual std::optional<std::int64_t> end(const Partition& partition) const = 0;

  // As of a second ago.
  [[nodiscard]] virtual Flow flow() const = 0;
};

// How many rows a statement wrote.
struct Written {
  std::int64_t sessions = 0;
  std::int64_t states = 0;
  std::int64_t events = 0;
  std::int64_t raes = 0;
  std::int64_t bridges = 0;
  std::vector<RaeSerial> behind;  // whose presence or roster is older than the stored one
};

template <class T>
using SqlResult = tl::expected<T, SqlError>;

// Where rows are stored. One lane uses one store; only `interrupt` may come from another thread.
class DeviceStore {
 public:
  virtual ~DeviceStore() = default;

  // May be repeated with the same rows, whatever became of the first time.
  virtual SqlResult<Written> write(const Rows& rows) = 0;
  virtual SqlResult<void> beat(const std::vector<Beat>& beats) = 0;

  // Of RAEs never heard of too.
  virtual SqlResult<std::vector<RaeFloor>> floors(const std::vector<RaeSerial>& raes) = 0;

  // Makes a call that is under way, and every later one, fail soon.
  virtual void interrupt() = 0;
};

struct DeadLetter {
  Record record;
  std::string code;
  std::string reason;
  std::string sqlstate;  // empty: refused before the database saw it
};

// Where refused records are kept for people. Thread-safe.
class DeadLetters {
 public:
  virtual ~DeadLetters() = default;

  // Returns when all of them are kept, or with an error: then any of them may or may not be.
  virtual Status put(const std::vector<DeadLetter>& letters) = 0;
};

// A resync for an agent, to be passed on by the bridge named (none: by any) while it is of use.
struct ResyncOrder {
  RaeSerial rae;
  std::string bridge;
  Resync resync;
  WallTime expires_at;
};

// The way to the agents. Thread-safe.
class ResyncSender {
 public:
  virtual ~ResyncSender() = default;

  // Takes it or fails, at once; whether it arrives is not known.
  virtual Status send(const ResyncOrder& order) = 0;
};

}  // namespace dmp::registry
