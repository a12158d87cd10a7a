#include "registry/lane.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/log.h"

namespace dmp::registry {

Lane::Lane(std::size_t number, Shared shared, DeviceStore& store)
    : number_(number),
      name_("lane " + std::to_string(number)),
      shared_(shared),
      store_(store),
      backoff_(shared.limits.retry, number),
      statement_size_(shared.limits.batch.records),
      guard_(shared.limits.poison) {
  forget_troubles();  // of the lane of this number before it
  shared.metrics.credit(number, shared.limits.batch);
}

void Lane::run(RecordSource& source) {
  while (const auto turn = shared_.assignment.enter(number_)) {
    const std::vector<Record> records =
        source.take(number_, shared_.limits.batch, shared_.limits.patience);
    if (!records.empty()) {
      Credit left = shared_.limits.batch;
      for (const Record& record : records) left.spend(record.bytes());
      shared_.metrics.credit(number_, left);
      work(*turn, records);
      shared_.metrics.credit(number_, shared_.limits.batch);
      if (left.left()) shared_.assignment.wait(*turn, shared_.limits.rest);
    }
    // A stop waits for this turn: it must not begin to wait for the database once more.
    if (!shared_.assignment.given_up(*turn)) beat(source);
    if (shared_.assignment.given_up(*turn)) forget_troubles();
    shared_.assignment.leave(number_);
  }
}

void Lane::work(Turn turn, const std::vector<Record>& records) {
  std::map<Partition, std::size_t> counts;
  for (const Record& record : records) ++counts[record.partition];
  for (const auto& [partition, count] : counts) shared_.metrics.taken(partition, count);
  std::vector<DeadLetter> letters;
  if (!store_guarded(turn, records, letters)) return;
  // What did not decode was found before what the database refuses.
  std::ranges::sort(letters, {}, [](const DeadLetter& letter) {
    return std::pair(letter.record.partition, letter.record.offset);
  });
  if (!bury(turn, letters)) return;
  if (const std::int64_t missing = shared_.assignment.done(turn, records); missing > 0) {
    shared_.metrics.records_missing.add(static_cast<double>(missing));
    log_error("records_missing",
              {{"lane", number_},
               {"records", missing},
               {"way_out", "agents send everything again in a while; history keeps a gap"}});
  }
  shared_.resyncs.tell(behind_, store_);
}

bool Lane::store_guarded(Turn turn, const std::vector<Record>& records,
                         std::vector<DeadLetter>& letters) {
  while (store(turn, records, letters)) {
    if (!held_ && !is_poisoned()) {
      guard_.count(tally_, shared_.clock.steady());
      if (is_halted_) not_halted();
      return true;
    }
    halted(letters.front());
    letters.clear();
    if (!shared_.assignment.wait(turn, shared_.limits.poison_retry)) break;
  }
  return false;
}

bool Lane::is_poisoned() const { return guard_.holds(tally_, shared_.clock.steady()); }

void Lane::halted(const DeadLetter& example) {
  is_halted_ = true;
  shared_.metrics.halted(number_, true);
  shared_.troubles.set(name_ + " poison", name_ + " halted: too many bad records, e.g. " +
                                              example.code + ": " + example.reason);
  log_error("lane_halted", {{"lane", number_},
                            {"refused", tally_.refused_count()},
                            {"records", tally_.taken_count()},
                            {"topic", example.record.partition.topic},
                            {"partition", example.record.partition.number},
                            {"offset", example.record.offset},
                            {"code", example.code},
                            {"reason", example.reason},
                            {"way_out", "mend what refuses them, or raise poison-percent"}});
}

void Lane::not_halted() {
  is_halted_ = false;
  shared_.metrics.halted(number_, false);
  shared_.troubles.set(name_ + " poison", {});
}

void Lane::forget_troubles() {
  not_halted();
  away_since_.reset();
  shared_.troubles.set(name_, {});
  shared_.troubles.set(name_ + " dead letters", {});
}

void Lane::refuse(std::vector<DeadLetter>& letters, DeadLetter letter) {
  tally_.refused(letter.record.key);
  letters.push_back(std::move(letter));
}

bool Lane::store(Turn turn, const std::vector<Record>& records, std::vector<DeadLetter>& letters) {
  news_.clear();
  origins_.clear();
  behind_.clear();
  tally_ = {};
  held_ = false;
  news_.reserve(records.size());
  const WallTime now{shared_.clock.wall_us()};
  for (const Record& record : records) {
    tally_.taken(record.key);
    auto news = decode_record(record, now);
    if (news) {
      news_.push_back(std::move(*news));
      origins_.push_back(&record);
    } else {
      DeadLetter letter{record, news.error().code, news.error().message, {}};
      if (letter.code == kClockAhead) {
        // One RAE's own fault with a cure of its own: no reason to hold up the others.
        if (auto sender = sender_of(record)) behind_.push_back(std::move(*sender));
        letters.push_back(std::move(letter));
      } else if (letter.code == kBridgeClockBehind) {
        tally_.bridge_behind(record.key);
        letters.push_back(std::move(letter));
      } else {
        refuse(letters, std::move(letter));
      }
    }
  }
  return store_range(turn, {0, news_.size()}, letters);
}

bool Lane::store_range(Turn turn, Range range, std::vector<DeadLetter>& letters) {
  return store_but_culprits(
      range, [&](Range part) { return write(turn, part); },
      [&](std::size_t culprit) {
        refuse(letters, {*origins_[culprit], "refused_by_database", last_refusal_.message,
                         last_refusal_.sqlstate});
        // No need to find all of them. Decided once: a moment later the guard may see it otherwise,
        // and what is behind the culprit has not been stored.
        held_ = is_poisoned();
        return !held_;
      });
}

Attempt Lane::write(Turn turn, Range range) {
  while (range.size() > 0) {
    const Range part{range.begin, std::min(range.end, range.begin + statement_size_.records())};
    const auto attempt = write_at_once(turn, part);
    if (!attempt) continue;
    if (*attempt != Attempt::kStored) return *attempt;
    range.begin = part.end;
  }
  return Attempt::kStored;
}

std::optional<Attempt> Lane::write_at_once(Turn turn, Range range) {
  const SteadyTime begin = shared_.clock.steady();
  for (std::size_t i = range.begin; i < range.end; ++i) fold_.add(news_[i]);
  const Rows rows = fold_.take();
  while (true) {
    const auto written = store_.write(rows);
    if (written) {
      const std::chrono::duration<double> spent = shared_.clock.steady() - begin;
      shared_.metrics.stored(range.size(), rows, *written, spent.count());
      note_behind(written->behind, range);
      database_works();
      statement_size_.stored();
      return Attempt::kStored;
    }
    if (written.error().fault == SqlFault::kData) {
      last_refusal_ = written.error();
      return Attempt::kRefused;
    }
    if (!wait_after(turn, written.error())) return Attempt::kGivenUp;
    if (written.error().sqlstate != kStatementTookTooLong) continue;
    statement_size_.took_too_long(range.size());
    return std::nullopt;
  }
}

void Lane::note_behind(const std::vector<RaeSerial>& raes, Range range) {
  if (raes.empty()) return;
  for (std::size_t i = range.begin; i < range.end; ++i) {
    auto sender = sender_of(*origins_[i]);
    if (!sender || std::ranges::find(raes, sender->rae) == raes.end()) continue;
    behind_.push_back(std::move(*sender));
  }
}

bool Lane::wait_after(Turn turn, const SqlError& error) {
  shared_.metrics.retried(error);
  database_fails(error);
  const auto delay = error.fault == SqlFault::kConfiguration ? shared_.limits.configuration_retry
                                                             : backoff_.next();
  return shared_.assignment.wait(turn, delay);
}

void Lane::database_works() {
  backoff_.reset();
  if (!away_since_) return;
  const std::chrono::duration<double> away = shared_.clock.steady() - *away_since_;
  log_info("database_back", {{"lane", number_}, {"away_s", away.count()}});
  away_since_.reset();
  shared_.troubles.set(name_, {});
}

void Lane::database_fails(const SqlError& error) {
  const bool refused = error.fault != SqlFault::kTransient;
  const bool slow = error.sqlstate == kStatementTookTooLong;
  shared_.troubles.set(name_, (refused ? "database refuses: "
                               : slow  ? "database slow: "
                                       : "database down: ") +
                                  error.message);
  const SteadyTime now = shared_.clock.steady();
  if (away_since_ && now - last_report_ < shared_.limits.report_every) return;
  if (!away_since_) away_since_ = now;
  last_report_ = now;
  log_line(refused ? LogLevel::kError : LogLevel::kWarning,
           refused ? "lane_stopped" : "database_away",
           {{"lane", number_}, {"sqlstate", label_of(error)}, {"error", error.message}});
}

bool Lane::bury(Turn turn, const std::vector<DeadLetter>& letters) {
  if (letters.empty()) return true;
  while (true) {
    const Status kept = shared_.dead_letters.put(letters);
    if (kept) break;
    shared_.troubles.set(name_ + " dead letters", "dead letters: " + kept.error().message);
    log_warning("dead_letters_away", {{"lane", number_}, {"error", kept.error().message}});
    if (!shared_.assignment.wait(turn, backoff_.next())) return false;
  }
  backoff_.reset();
  shared_.troubles.set(name_ + " dead letters", {});
  for (const DeadLetter& letter : letters) {
    shared_.metrics.dead_lettered(letter.code);
    log_warning("record_refused", {{"topic", letter.record.partition.topic},
                                   {"partition", letter.record.partition.number},
                                   {"offset", letter.record.offset},
                                   {"code", letter.code},
                                   {"reason", letter.reason}});
  }
  return true;
}

void Lane::beat(RecordSource& source) {
  const SteadyTime now = shared_.clock.steady();
  if (!shared_.limits.beats || now - last_beat_ < shared_.limits.beat_every) return;
  last_beat_ = now;
  std::vector<Beat> beats;
  const auto end_of = [&](const Partition& partition) { return source.end(partition); };
  for (const Assignment::Lag& lag : shared_.assignment.lags(end_of)) {
    if (shared_.share.lane_of(lag.partition) != number_) continue;
    beats.push_back({std::string(lag.partition.topic), lag.partition.number, lag.behind.count()});
  }
  if (beats.empty()) return forget_troubles();
  const auto kept = store_.beat(beats);
  kept ? database_works() : database_fails(kept.error());
}

}  // namespace dmp::registry
