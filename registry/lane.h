// Lane: one thread that takes batches of its partitions' records and stores them.
//
// While the database is away it holds its batch and tries again; Kafka is not touched. While it is
// so slow that it ends a batch's statement, smaller ones are sent. A record
// that cannot be decoded or stored goes to dead letters, and only then counts as done. A lane that
// meets a configuration error, or more bad records than a few (core/poison_guard.h), says so
// loudly, keeps its batch and tries again every 30 s.
// Holds at most one batch (Credit), decoded: about three times its bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/clock.h"
#include "registry/assignment.h"
#include "registry/core/bisect.h"
#include "registry/core/lane_share.h"
#include "registry/core/poison_guard.h"
#include "registry/core/statement_size.h"
#include "registry/ingest_metrics.h"
#include "registry/ports.h"
#include "registry/resyncs.h"
#include "registry/troubles.h"

namespace dmp::registry {

struct LaneLimits {
  Credit batch{1000, 1 << 20};
  BackoffLimits retry{std::chrono::milliseconds(50), std::chrono::milliseconds(10000), 20};
  std::chrono::milliseconds configuration_retry{30000};
  PoisonGuard::Limits poison = {};
  std::chrono::milliseconds poison_retry{30000};
  std::chrono::milliseconds patience{250};  // of one look for records
  // After a batch that took everything there was: half of what a small statement costs the database
  // is its beginning and its commit, so what comes in the next moment waits for the rest of it.
  std::chrono::milliseconds rest{3};
  bool beats = true;  // tells the database how far behind its partitions are
  std::chrono::milliseconds beat_every{5000};
  std::chrono::milliseconds report_every{30000};  // of a lasting outage
};

class Lane {
 public:
  // What lanes share; must outlive them.
  struct Shared {
    const Clock& clock;
    Assignment& assignment;
    DeadLetters& dead_letters;
    IngestMetrics& metrics;
    Troubles& troubles;
    Resyncs& resyncs;
    LaneShare share;
    LaneLimits limits;
  };

  Lane(std::size_t number, Shared shared, DeviceStore& store);

  // Works until the assignment ends. `source` is asked anew in every turn.
  void run(RecordSource& source);

 private:
  using Turn = Assignment::Turn;

  void work(Turn turn, const std::vector<Record>& records);
  // False: given up. Letters of what is to be buried.
  bool store(Turn turn, const std::vector<Record>& records, std::vector<DeadLetter>& letters);
  // As store, until the guard lets what is to be buried pass.
  bool store_guarded(Turn turn, const std::vector<Record>& records,
                     std::vector<DeadLetter>& letters);
  void refuse(std::vector<DeadLetter>& letters, DeadLetter letter);
  [[nodiscard]] bool is_poisoned() const;
  void halted(const DeadLetter& example);
  void not_halted();
  bool store_range(Turn turn, Range range, std::vector<DeadLetter>& letters);
  bool bury(Turn turn, const std::vector<DeadLetter>& letters);
  void beat(RecordSource& source);
  void note_behind(const std::vector<RaeSerial>& raes, Range range);

  // Tries until the rows are stored or one of them is to blame.
  Attempt write(Turn turn, Range range);
  // By one statement; nothing: it takes too long, smaller ones are needed.
  std::optional<Attempt> write_at_once(Turn turn, Range range);
  bool wait_after(Turn turn, const SqlError& error);
  // Without a batch and partitions it knows no more how database and dead letters do.
  void forget_troubles();
  void database_works();
  void database_fails(const SqlError& error);

  const std::size_t number_;
  const std::string name_;
  Shared shared_;
  DeviceStore& store_;
  Backoff backoff_;
  StatementSize statement_size_;
  PoisonGuard guard_;
  bool is_halted_ = false;
  bool held_ = false;  // the batch in hand: not all of it was tried
  Fold fold_;
  SteadyTime last_beat_{};
  SqlError last_refusal_;
  std::optional<SteadyTime> away_since_;
  SteadyTime last_report_{};

  // The batch in hand: what decoded, and the records it came from.
  std::vector<News> news_;
  std::vector<const Record*> origins_;
  PoisonGuard::Tally tally_;
  std::vector<Sender> behind_;  // whose stamps it showed to be ignored
};

}  // namespace dmp::registry
