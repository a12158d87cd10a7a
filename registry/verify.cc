#include "registry/verify.h"

#include <utility>

#include "base/backoff.h"
#include "base/stop.h"
#include "registry/core/bisect.h"

namespace dmp::registry {
namespace {

constexpr Credit kBatch{1000, 4 << 20};
constexpr int kLooks = 3;
constexpr int kAttemptsMax = 8;  // of a statement, with the delays below: about a minute
constexpr BackoffLimits kRetry{std::chrono::milliseconds(100), std::chrono::seconds(20), 20};

tl::unexpected<Error> database_error(const SqlError& error) {
  return fail("database", "database: " + error.message + (error.sqlstate.empty() ? "" : " (") +
                              error.sqlstate + (error.sqlstate.empty() ? "" : ")"));
}

class Pass {
 public:
  Pass(DeviceStore& store, const std::stop_token& stop) : store_(store), stop_(stop) {}

  Status run(Replay& replay) {
    while (true) {
      if (stop_.stop_requested()) return fail("stopped", "stopped before the end");
      const auto records = replay.next(kBatch);
      if (!records) return tl::unexpected(records.error());
      if (records->empty()) return {};
      std::vector<News> news;
      for (const Record& record : *records) {
        if (auto one = decode_record(record)) news.push_back(std::move(*one));
      }
      records_ += static_cast<std::int64_t>(records->size());
      refused_ += static_cast<std::int64_t>(records->size() - news.size());
      if (auto status = write(news, {0, news.size()}); !status) return status;
    }
  }

  [[nodiscard]] std::int64_t records() const { return records_; }
  [[nodiscard]] std::int64_t refused() const { return refused_; }

 private:
  Status write(const std::vector<News>& news, Range range) {
    Status outcome;
    const auto attempt = [&](Range part) {
      Fold fold;
      for (std::size_t i = part.begin; i < part.end; ++i) fold.add(news[i]);
      const auto written = try_write(fold.take());
      if (written) return Attempt::kStored;
      if (written.error().fault == SqlFault::kData) return Attempt::kRefused;
      outcome = database_error(written.error());
      return Attempt::kGivenUp;
    };
    static_cast<void>(store_but_culprits(range, attempt, [&](std::size_t) {
      ++refused_;
      return true;
    }));
    return outcome;
  }

  SqlResult<Written> try_write(const Rows& rows) {
    Backoff backoff(kRetry, 1);
    for (int attempt = 1;; ++attempt) {
      auto written = store_.write(rows);
      if (written || written.error().fault != SqlFault::kTransient) return written;
      if (attempt == kAttemptsMax || stopped_within(stop_, backoff.next())) return written;
    }
  }

  DeviceStore& store_;
  const std::stop_token& stop_;
  std::int64_t records_ = 0;
  std::int64_t refused_ = 0;
};

}  // namespace

Result<Verification> verify(const VerifyParts& parts, const std::stop_token& stop) {
  const auto replay_into = [&](DeviceStore& store, Verification* counts) -> Status {
    auto replay = parts.make_replay();
    if (!replay) return tl::unexpected(replay.error());
    Pass pass(store, stop);
    if (auto status = pass.run(**replay); !status) return status;
    if (counts != nullptr) {
      counts->records = pass.records();
      counts->refused = pass.refused();
    }
    return {};
  };
  Verification verification;
  if (auto status = replay_into(parts.scratch.store(), &verification); !status) {
    return tl::unexpected(status.error());
  }
  auto differences = parts.scratch.compare();
  for (int look = 1; look < kLooks && differences && !differences->empty(); ++look) {
    if (stopped_within(stop, parts.settle)) return fail("stopped", "stopped before the end");
    differences = parts.scratch.compare();
  }
  if (!differences) return database_error(differences.error());
  verification.found = *differences;
  if (parts.live != nullptr && !differences->empty()) {
    if (auto marked = parts.scratch.allow_rereading(); !marked) {
      return database_error(marked.error());
    }
    if (auto status = replay_into(*parts.live, nullptr); !status) {
      return tl::unexpected(status.error());
    }
    differences = parts.scratch.compare();
    if (!differences) return database_error(differences.error());
  }
  verification.left = std::move(*differences);
  return verification;
}

}  // namespace dmp::registry
