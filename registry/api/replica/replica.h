// Replica: the devices as session_view shows them, in memory, so that a list or a single device
// needs no database.
//
// One thread, the writer, puts in what it reads of the database and says up to when it has looked;
// any thread asks. An answer is given only while every device is in it and the newest look began no
// longer than `age_max` ago and after the newest write through this process: so it shows what its
// caller wrote, and is no older than that, but for what looks see later (watch_scan.h): a statement
// of others that took longer than half a second, some seconds, and what time alone changes, 1 s.
// Whatever cannot be answered here is read from the database (device_list.h, one_device.h). Holds
// no device of the canary.
//
// Nobody's list for `kept_for`: the writer may stop and drop it; who asks for single devices takes
// what is there. Memory is bounded by `bytes_max`; more devices than fit are not held at all.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "registry/api/query/queries.h"
#include "registry/api/reader.h"
#include "registry/api/replica/replica_index.h"
#include "registry/api/scope.h"
#include "schema/ids.h"

namespace dmp::registry::api {

// A page of a list: rows of item_columns, and where the next page begins, if there is one.
struct ListedPage {
  Rows items;
  std::optional<DeviceId> next{};  // behind this device
};

class Replica {
 public:
  struct Limits {
    std::chrono::milliseconds age_max{500};  // 0: everything is read from the database
    std::size_t bytes_max = std::size_t{512} << 20;
    std::chrono::milliseconds kept_for{600'000};  // without a list
    std::chrono::milliseconds eager_for{10'000};  // after a list, changes are looked for soon
  };

  // So many devices are looked at for one page: a filter that fewer pass is the database's.
  static constexpr int kExaminedMax = 4096;

  // What a statement of this process wrote within this is seen by the next look; what took longer,
  // perhaps only when its time is looked at again.
  static constexpr std::chrono::milliseconds kQuickWrite{250};

  Replica(Limits limits, Metrics& metrics);

  // Whose devices it holds: all but the canary's.
  static const Scope& scope();

  // --- any thread ---

  // None: read the database.
  std::optional<ListedPage> list(const DevicesQuery& query, const Scope& scope, SteadyTime now);

  // The sessions of a device that are in scope, at most kSessionsPerDeviceMax, the current one
  // first: rows of item_columns. None: read the database, which alone can say that there are none.
  std::optional<Rows> device(const DeviceId& device, const Scope& scope, SteadyTime now);

  // The same list however old it is, for whoever follows it.
  std::optional<ListedPage> follow(const DevicesQuery& query, const Scope& scope);

  // This process has written to the database what a list shows, by a statement that took so long.
  void wrote(SteadyTime began, SteadyTime ended);

  // Whether lists have been asked for of late.
  [[nodiscard]] bool is_wanted(SteadyTime now) const;
  [[nodiscard]] bool is_eager(SteadyTime now) const;

  // --- the writer ---

  // What was read of these devices; one without rows is not there. REQUIRES: the rows of a device
  // stand together, the current session first.
  void put(const std::vector<std::string>& devices, const Rows& items);

  // Behind `after` up to `upto` (none: to the end) there are only `devices`, in order.
  void keep_only(const std::optional<DeviceId>& after, const std::optional<DeviceId>& upto,
                 const std::vector<std::string>& devices);

  // Every device is in it / some may be missing or out of date.
  void set_whole(bool whole);

  // A look that began then has put in what it found.
  void looked(SteadyTime began) { looked_at_ = ticks(began); }

  // When each RAE was heard of last (`last_heard_at`), which moves without a change of the devices.
  using Heard = std::map<std::string, std::string, std::less<>>;
  void set_heard(Heard heard);

  // Makes an index that lists were asked by, one a second: it costs a pass over all devices.
  void tend(SteadyTime now);

  void drop();
  // Too big: drops everything, and is not wanted for `kept_for`.
  void give_up(SteadyTime now);
  [[nodiscard]] bool is_too_big() const { return bytes() > limits_.bytes_max; }
  [[nodiscard]] std::size_t devices() const { return devices_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_ + indexes_.bytes(); }

 private:
  using Devices = ReplicaIndex::Devices;

  // How often it gave an answer, and how often it left that to the database.
  class Answers {
   public:
    Answers(const std::string& name, const std::string& help, Metrics& metrics);
    void add(bool from_memory) { (from_memory ? from_memory_ : from_database_).add(); }

   private:
    Counter from_memory_;
    Counter from_database_;
  };

  static std::int64_t ticks(SteadyTime time) { return time.time_since_epoch().count(); }
  [[nodiscard]] bool has_been_asked(SteadyTime now, std::chrono::milliseconds within) const;
  [[nodiscard]] bool is_current(SteadyTime now) const;
  const Devices* candidates(const DevicesQuery& query);
  [[nodiscard]] std::optional<ListedPage> page_of(const Devices& all, const DevicesQuery& query,
                                                  const Scope& scope) const;
  [[nodiscard]] std::optional<Rows> sessions_of(const DeviceId& device, const Scope& scope) const;
  void replace(const DeviceId& device, std::shared_ptr<const Rows> rows);
  void add_row(Rows& page, const Rows& rows, std::size_t row) const;
  void report();

  const Limits limits_;
  Answers lists_;
  Answers single_devices_;
  Gauge devices_gauge_;
  Gauge bytes_gauge_;

  std::atomic<std::int64_t> asked_at_;
  std::atomic<std::int64_t> wrote_at_;
  std::atomic<std::int64_t> looked_at_;
  std::atomic<std::int64_t> not_before_;

  // The writer changes what is below under the lock, and reads it without.
  mutable std::shared_mutex mutex_;
  Devices devices_;
  ReplicaIndexes indexes_;
  Heard heard_;
  std::size_t bytes_ = 0;  // of the devices' rows
  bool whole_ = false;
  SteadyTime next_index_{};
};

}  // namespace dmp::registry::api
