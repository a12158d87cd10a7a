// Fakes of the registry's ports, in memory, with scripted failures.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "registry/ports.h"

namespace dmp::registry {

// Keeps rows as the statements do: greatest stamps win. Also the model they are compared with.
// Thread-safe as far as one lane and one test need it.
class FakeStore final : public DeviceStore {
 public:
  using Key = std::pair<RaeSerial, SessionId>;

  SqlResult<Written> write(const Rows& rows) override {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [this] { return !held_; });
    ++writes;
    if (rows.updates.sessions.size() >= mend_at_) refused_model_.clear();
    if (auto error = scripted(rows)) return tl::unexpected(*error);
    for (const SessionRow& row : rows.updates.sessions) merge(row);
    for (const EventRow& row : rows.updates.events) {
      events.try_emplace({row.rae, row.session, row.timestamp}, row);
    }
    Written written;
    for (const RaeRow& row : rows.agents.raes) {
      if (is_behind(row)) written.behind.push_back(row.rae);
      merge(row);
    }
    for (const SeenRow& row : rows.agents.seen) {
      Timestamp& seen_at = session(row.rae, row.session).seen_at;
      seen_at = std::max(seen_at, row.seen_at);
    }
    for (const BridgeRow& row : rows.agents.bridges) {
      bridges[row.bridge] = std::max(bridges[row.bridge], row.sent_at);
    }
    return written;
  }

  SqlResult<std::vector<RaeFloor>> floors(const std::vector<RaeSerial>& asked) override {
    std::lock_guard lock(mutex_);
    if (auto error = scripted({})) return tl::unexpected(*error);
    std::vector<RaeFloor> floors;
    for (const RaeSerial& rae : asked) {
      const RaeRow held = raes.contains(rae) ? raes.at(rae) : RaeRow{};
      Timestamp floor = std::max({Timestamp{1}, held.presence.timestamp, held.roster_at});
      for (const auto& [key, row] : sessions) {
        if (key.first == rae) floor = std::max(floor, row.seen_at);
      }
      floors.push_back({rae, floor, std::max(Timestamp{1}, held.presence.timestamp)});
    }
    return floors;
  }

  SqlResult<void> beat(const std::vector<Beat>& beats) override {
    std::lock_guard lock(mutex_);
    for (const Beat& beat : beats) beats_[beat.topic + std::to_string(beat.partition)] = beat;
    return {};
  }

  void interrupt() override {}

  // The next writes fail.
  void fail_next(SqlFault fault, int times = 1) {
    std::lock_guard lock(mutex_);
    failure_ = {fault, "58000", "scripted"};
    failures_ = times;
  }

  // Writes wait until they may go on.
  void hold() {
    std::lock_guard lock(mutex_);
    held_ = true;
  }
  void go_on() {
    {
      std::lock_guard lock(mutex_);
      held_ = false;
    }
    free_.notify_all();
  }

  // Every write with this model in it is refused; empty: none.
  void refuse_model(const std::string& model) {
    std::lock_guard lock(mutex_);
    refused_model_ = model;
  }

  // Larger writes take too long.
  void slow_above(std::size_t count) {
    std::lock_guard lock(mutex_);
    slow_above_ = count;
  }

  // Nothing is refused any more from the next write of at least `count` sessions on: between two
  // looks at a batch, never in the middle of one.
  void mend_before_batch_of(std::size_t count) {
    std::lock_guard lock(mutex_);
    mend_at_ = count;
  }

  // The newest beat by topic and partition.
  [[nodiscard]] std::map<std::string, Beat> beats() {
    std::lock_guard lock(mutex_);
    return beats_;
  }

  // To be looked at when the lane has ended.
  int writes = 0;
  std::map<Key, SessionRow> sessions;
  std::map<std::tuple<RaeSerial, SessionId, Timestamp>, EventRow> events;
  std::map<RaeSerial, RaeRow> raes;
  std::map<std::string, WallTime> bridges;

 private:
  std::optional<SqlError> scripted(const Rows& rows) {
    if (failures_ > 0) {
      --failures_;
      return failure_;
    }
    if (rows.updates.sessions.size() > slow_above_) {
      return SqlError{SqlFault::kTransient, std::string(kStatementTookTooLong), "took too long"};
    }
    for (const SessionRow& row : rows.updates.sessions) {
      if (row.facets.identity && !refused_model_.empty() &&
          row.facets.identity->fields.model == refused_model_) {
        return SqlError{SqlFault::kData, "23514", "model refused"};
      }
    }
    return std::nullopt;
  }

  SessionRow& session(const RaeSerial& rae, const SessionId& id) {
    SessionRow& row = sessions[{rae, id}];
    row.rae = rae;
    row.session = id;
    return row;
  }

  void merge(const SessionRow& incoming) {
    SessionRow& row = session(incoming.rae, incoming.session);
#define DMP_MERGE(Type, name, table)                                                        \
  if (incoming.facets.name &&                                                               \
      (!row.facets.name || incoming.facets.name->timestamp > row.facets.name->timestamp)) { \
    row.facets.name = incoming.facets.name;                                                 \
  }
    DMP_FACETS(DMP_MERGE)
#undef DMP_MERGE
    row.seen_at = std::max(row.seen_at, incoming.seen_at);
    if (incoming.ended_at > row.ended_at) {
      row.ended_at = incoming.ended_at;
      row.end_reason = incoming.end_reason;
    }
  }

  bool is_behind(const RaeRow& incoming) {
    const auto held = raes.find(incoming.rae);
    if (held == raes.end()) return false;
    const auto older = [](Timestamp said, Timestamp stored) {
      return said.is_set() && said < stored;
    };
    return older(incoming.presence.timestamp, held->second.presence.timestamp) ||
           older(incoming.roster_at, held->second.roster_at);
  }

  void merge(const RaeRow& incoming) {
    RaeRow& row = raes[incoming.rae];
    row.rae = incoming.rae;
    row.roster_at = std::max(row.roster_at, incoming.roster_at);
    if (std::tie(incoming.presence.timestamp, incoming.last_heard_at) <=
        std::tie(row.presence.timestamp, row.last_heard_at)) {
      return;
    }
    row.presence = incoming.presence;
    row.last_heard_at = incoming.last_heard_at;
    row.bridge = incoming.bridge;
  }

  std::mutex mutex_;
  std::condition_variable free_;
  bool held_ = false;
  SqlError failure_;
  int failures_ = 0;
  std::string refused_model_;
  std::size_t slow_above_ = std::numeric_limits<std::size_t>::max();
  std::size_t mend_at_ = std::numeric_limits<std::size_t>::max();
  std::map<std::string, Beat> beats_;
};

// Hands out the batches it is given, then nothing.
class FakeSource final : public RecordSource {
 public:
  Status poll(std::chrono::milliseconds) override { return {}; }
  void commit(const std::vector<PartitionOffset>&) override {}
  void close() override {}
  [[nodiscard]] std::string trouble() const override { return {}; }

  std::vector<Record> take(std::size_t, Credit credit,
                           std::chrono::milliseconds patience) override {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [this] { return !records_.empty(); });
    std::vector<Record> batch;
    while (!records_.empty() && credit.left()) {
      credit.spend(records_.front().bytes());
      batch.push_back(std::move(records_.front()));
      records_.pop_front();
    }
    return batch;
  }

  [[nodiscard]] std::optional<std::int64_t> end(const Partition&) const override {
    std::lock_guard lock(mutex_);
    return next_offset_;
  }

  [[nodiscard]] Flow flow() const override { return {}; }

  [[nodiscard]] std::size_t fetched() const {
    std::lock_guard lock(mutex_);
    return records_.size();
  }

  // All in one partition.
  void push(std::vector<Record> records) {
    {
      std::lock_guard lock(mutex_);
      for (Record& record : records) {
        record.offset = next_offset_++;
        records_.push_back(std::move(record));
      }
    }
    changed_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Record> records_;
  std::int64_t next_offset_ = 0;
};

class FakeDeadLetters final : public DeadLetters {
 public:
  Status put(const std::vector<DeadLetter>& batch) override {
    std::lock_guard lock(mutex_);
    if (failures_ > 0) {
      --failures_;
      return fail("kafka", "scripted", Retry::kYes);
    }
    letters_.insert(letters_.end(), batch.begin(), batch.end());
    return {};
  }

  void fail_next(int times) {
    std::lock_guard lock(mutex_);
    failures_ = times;
  }

  [[nodiscard]] std::vector<DeadLetter> letters() {
    std::lock_guard lock(mutex_);
    return letters_;
  }

 private:
  std::mutex mutex_;
  int failures_ = 0;
  std::vector<DeadLetter> letters_;
};

class FakeResyncSender final : public ResyncSender {
 public:
  Status send(const ResyncOrder& order) override {
    std::lock_guard lock(mutex_);
    if (refusing) return fail("kafka", "scripted", Retry::kYes);
    orders_.push_back(order);
    return {};
  }

  [[nodiscard]] std::vector<ResyncOrder> orders() {
    std::lock_guard lock(mutex_);
    return orders_;
  }

  bool refusing = false;  // set before it is used

 private:
  std::mutex mutex_;
  std::vector<ResyncOrder> orders_;
};

}  // namespace dmp::registry
