#include "tests/bench/feed.h"

#include <ctime>
#include <mutex>
#include <thread>
#include <vector>

#include "registry/adapters/pqxx_store.h"
#include "registry/core/fold.h"
#include "schema/codec.h"

namespace dmp::bench {
namespace {

double thread_cpu_s() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

// The records of one connection: whole sessions, in their order.
Result<double> feed_share(const std::string& database, const Load& load, std::size_t share,
                          std::size_t shares, std::size_t batch) {
  registry::PqxxStore store(database);
  registry::Fold fold;
  std::size_t held = 0;
  double spent_s = 0;
  const auto write = [&]() -> Status {
    held = 0;
    const registry::Rows rows = fold.take();
    const double before_s = thread_cpu_s();
    const auto written = store.write(rows);
    spent_s += thread_cpu_s() - before_s;
    if (written) return {};
    return fail("database", written.error().message);
  };
  for (std::int64_t number = 0; number < load.records; ++number) {
    const auto session = static_cast<std::size_t>(number % load.sessions);
    if (session % shares != share) continue;
    registry::UpdateNews news = update_number(load, number);
    news.facets = encode(news.update.facets);
    fold.add(std::move(news));
    if (++held < batch) continue;
    if (auto status = write(); !status) return tl::unexpected(status.error());
  }
  if (held > 0) {
    if (auto status = write(); !status) return tl::unexpected(status.error());
  }
  return spent_s;
}

}  // namespace

Result<double> feed(const std::string& database, const Load& load, std::size_t connections,
                    std::size_t batch) {
  std::mutex mutex;
  Result<double> outcome = 0.0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t share = 0; share < connections; ++share) {
      threads.emplace_back([&, share] {
        const auto spent_s = feed_share(database, load, share, connections, batch);
        const std::lock_guard lock(mutex);
        if (!spent_s) {
          outcome = spent_s;
        } else if (outcome) {
          *outcome += *spent_s;
        }
      });
    }
  }
  return outcome;
}

}  // namespace dmp::bench
