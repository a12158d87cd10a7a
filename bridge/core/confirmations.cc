#include "bridge/core/confirmations.h"

#include <algorithm>

#include "base/check.h"

namespace dmp::bridge {

Confirm* Confirmations::place_for(const Asker& asker, SteadyTime now) {
  const auto found = collected_.find(asker.rae);
  const bool is_new = found == collected_.end();
  const std::size_t held =
      is_new ? 0 : found->second.confirm.stored.size() + found->second.confirm.refused.size();
  // A full message that could not be sent yet (MQTT is down) takes no more.
  if (pending_ == kTotal || held == kPerMessage) {
    ++dropped_;
    return nullptr;
  }
  ++pending_;
  Collected& collected = is_new ? collected_[asker.rae] : found->second;
  if (is_new) collected.due = now + kCollect;
  if (held + 1 == kPerMessage) collected.due = now;
  next_due_ = std::min(next_due_.value_or(collected.due), collected.due);
  return &collected.confirm;
}

void Confirmations::stored(const Asker& asker, SteadyTime now) {
  if (Confirm* confirm = place_for(asker, now)) confirm->stored.push_back(asker.correlation);
}

void Confirmations::refused(const Asker& asker, const std::string& code, SteadyTime now) {
  if (Confirm* confirm = place_for(asker, now)) {
    confirm->refused.push_back({asker.correlation, code});
  }
}

std::vector<Confirmation> Confirmations::take_due(SteadyTime now, bool all) {
  if (!next_due_ || (!all && *next_due_ > now)) return {};
  std::vector<decltype(collected_)::iterator> due;
  for (auto at = collected_.begin(); at != collected_.end(); ++at) {
    if (all || at->second.due <= now + kCompany) due.push_back(at);
  }
  std::stable_sort(due.begin(), due.end(),
                   [](const auto& a, const auto& b) { return a->second.due < b->second.due; });
  std::vector<Confirmation> taken;
  for (const auto& at : due) {
    Confirm& confirm = at->second.confirm;
    pending_ -= confirm.stored.size() + confirm.refused.size();
    taken.push_back({at->first, std::move(confirm)});
    collected_.erase(at);
  }
  next_due_.reset();
  for (const auto& [rae, collected] : collected_) {
    next_due_ = std::min(next_due_.value_or(collected.due), collected.due);
  }
  return taken;
}

void Confirmations::put_back(Confirmation confirmation, SteadyTime now) {
  Confirm& confirm = confirmation.confirm;
  pending_ += confirm.stored.size() + confirm.refused.size();
  const bool is_new =
      collected_.try_emplace(confirmation.rae, Collected{std::move(confirm), now + kCollect})
          .second;
  DMP_CHECK(is_new);  // nothing was collected since it was taken
  next_due_ = std::min(next_due_.value_or(now + kCollect), now + kCollect);
}

}  // namespace dmp::bridge
