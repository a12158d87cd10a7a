// Fakes of the agent's ports: in memory, recording, failing on command.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "local-registry/core/identifiers.h"
#include "local-registry/ports.h"

namespace dmp::local {

class FakeClock final : public Clock {
 public:
  static constexpr std::int64_t kStartUs = 1'700'000'000'000'000;

  [[nodiscard]] std::int64_t wall_us() const override { return wall_us_; }
  [[nodiscard]] SteadyTime steady() const override { return steady_; }
  [[nodiscard]] Now now() const { return {wall_us_, steady_}; }

  void pass(std::chrono::milliseconds time) {
    steady_ += time;
    wall_us_ += std::chrono::microseconds(time).count();
  }
  void jump_wall(std::int64_t us) { wall_us_ += us; }

 private:
  std::int64_t wall_us_ = kStartUs;
  SteadyTime steady_ = SteadyTime(std::chrono::hours(1000));
};

// Numbers for sessions; a device id keeps the name it was made from.
class FakeIdentifiers final : public Identifiers {
 public:
  SessionId new_session() override { return SessionId(bytes(++sessions_)); }
  DeviceId device_id(std::string_view name) override {
    const auto [at, is_new] = devices_.emplace(name, devices_.size() + 1);
    return DeviceId(bytes(at->second));
  }
  [[nodiscard]] std::string name_of(const DeviceId& id) const {
    for (const auto& [name, number] : devices_) {
      if (DeviceId(bytes(number)) == id) return name;
    }
    return "";
  }

 private:
  static SessionId::Bytes bytes(std::size_t number) {
    SessionId::Bytes raw{};
    raw[14] = static_cast<std::uint8_t>(number >> 8);
    raw[15] = static_cast<std::uint8_t>(number & 0xff);
    return raw;
  }
  std::size_t sessions_ = 0;
  std::map<std::string, std::size_t, std::less<>> devices_;
};

// Keeps what the real one keeps; lives as long as its "disk", so that a test can restart an agent.
class FakeStore final : public Store {
 public:
  Result<Stored> load() override { return stored_; }

  Status commit(const Transaction& transaction) override {
    if (failing_) {
      refused_rows_ = transaction.keep.size() + transaction.send.size();
      return fail("store_full", "no room", Retry::kYes);
    }
    ++commits_;
    if (transaction.ceiling) stored_.ceiling = *transaction.ceiling;
    for (const SessionRecord& kept : transaction.keep) put_session(kept);
    for (const SessionId& id : transaction.forget) {
      std::erase_if(stored_.sessions, [&](const SessionRecord& old) { return old.id == id; });
    }
    for (const OutboxRow& row : transaction.send) put_row(row);
    for (const SettledRow& row : transaction.settle) {
      std::erase_if(stored_.outbox, [&](const OutboxRow& old) {
        return old.session == row.session && old.update.timestamp == row.stamp;
      });
    }
    return {};
  }

  void fail_commits(bool failing) { failing_ = failing; }
  [[nodiscard]] int commits() const { return commits_; }
  // In the last transaction it refused.
  [[nodiscard]] std::size_t refused_rows() const { return refused_rows_; }
  [[nodiscard]] const Stored& stored() const { return stored_; }

 private:
  void put_session(const SessionRecord& kept) {
    for (SessionRecord& old : stored_.sessions) {
      if (old.id != kept.id) continue;
      old = kept;
      return;
    }
    stored_.sessions.push_back(kept);
  }
  void put_row(const OutboxRow& row) {
    std::erase_if(stored_.outbox, [&](const OutboxRow& old) { return old.session == row.session; });
    stored_.outbox.push_back(row);
  }

  Stored stored_;
  bool failing_ = false;
  int commits_ = 0;
  std::size_t refused_rows_ = 0;
};

class FakeUplink final : public Uplink {
 public:
  Status connect(const std::string& topic, const std::string& payload) override {
    will_topic = topic;
    wills.push_back(payload);
    return refusing ? Status(fail("mqtt", "refused")) : Status();
  }
  Status subscribe(const std::string& topic) override {
    subscribed.push_back(topic);
    return {};
  }
  Status publish(const Publish& message) override {
    if (broken) return fail("mqtt", "not connected", Retry::kYes);
    published.push_back(message);
    return {};
  }
  void disconnect() override { ++disconnects; }
  void abandon() override { ++abandons; }

  bool refusing = false;
  bool broken = false;
  std::string will_topic;
  std::vector<std::string> wills;
  std::vector<std::string> subscribed;
  std::vector<Publish> published;
  int disconnects = 0;
  int abandons = 0;
};

class FakeProber final : public Prober {
 public:
  bool ask(const ProbeOrder& order) override {
    if (full) return false;
    orders.push_back(order);
    return true;
  }
  bool full = false;
  std::vector<ProbeOrder> orders;
};

class FakeNeighbours final : public NeighbourTable {
 public:
  Status watch(const std::string& address) override {
    watched.push_back(address);
    return {};
  }
  Status unwatch(const std::string& address) override {
    unwatched.push_back(address);
    return {};
  }
  std::vector<std::string> watched;
  std::vector<std::string> unwatched;
};

}  // namespace dmp::local
