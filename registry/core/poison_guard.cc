#include "registry/core/poison_guard.h"

#include <functional>

namespace dmp::registry {
namespace {

// The RAE of dmp/v1/{rae}/…; any other key as a whole. Equal hashes of two senders only make the
// guard a little blinder.
std::uint64_t sender_of_key(std::string_view key) {
  constexpr std::string_view kPrefix = "dmp/v1/";
  if (key.starts_with(kPrefix)) {
    key.remove_prefix(kPrefix.size());
    key = key.substr(0, key.find('/'));
  }
  return std::hash<std::string_view>()(key);
}

void insert(std::unordered_set<std::uint64_t>& senders, std::uint64_t sender) {
  if (senders.size() < PoisonGuard::Tally::kSendersMax) senders.insert(sender);
}

}  // namespace

void PoisonGuard::Tally::taken(std::string_view key) {
  ++taken_;
  insert(senders_, sender_of_key(key));
}

void PoisonGuard::Tally::refused(std::string_view key) {
  ++refused_;
  insert(refused_senders_, sender_of_key(key));
}

void PoisonGuard::Tally::bridge_behind(std::string_view key) {
  ++behind_;
  insert(behind_senders_, sender_of_key(key));
}

void PoisonGuard::Tally::add(const Tally& other) {
  taken_ += other.taken_;
  refused_ += other.refused_;
  behind_ += other.behind_;
  for (const std::uint64_t sender : other.senders_) insert(senders_, sender);
  for (const std::uint64_t sender : other.refused_senders_) insert(refused_senders_, sender);
  for (const std::uint64_t sender : other.behind_senders_) insert(behind_senders_, sender);
}

bool PoisonGuard::Tally::exceeds(Limits limits) const {
  const bool clocks = behind_senders_.size() >= limits.clocks;
  const std::size_t refused = refused_ + (clocks ? behind_ : 0);
  const std::size_t senders = refused_senders_.size() + (clocks ? behind_senders_.size() : 0);
  return refused >= limits.least && refused * 100 > taken_ * limits.percent &&
         senders * 100 > senders_.size() * limits.percent;
}

bool PoisonGuard::holds(const Tally& batch, SteadyTime now) const {
  if (batch.refused_count() == 0) return false;
  const std::int64_t number = now.time_since_epoch() / kSlice;
  Tally minute = batch;
  for (const Slice& slice : slices_) {
    if (number - slice.number < static_cast<std::int64_t>(kSlices)) minute.add(slice.tally);
  }
  return minute.exceeds(limits_);
}

void PoisonGuard::count(const Tally& batch, SteadyTime now) {
  const std::int64_t number = now.time_since_epoch() / kSlice;
  Slice& slice = slices_[static_cast<std::size_t>(number) % kSlices];
  if (slice.number != number) slice = {number, {}};
  slice.tally.add(batch);
}

}  // namespace dmp::registry
