#include "bridge/replies.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace dmp::bridge {

void Replies::add(std::uint64_t ticket, Reply reply, SteadyTime now) {
  DMP_CHECK(has_room());
  replies_.emplace(ticket, Owed{std::move(reply), now});
  waiting_.insert(ticket);
}

void Replies::send_on() {
  while (!waiting_.empty()) {
    const std::uint64_t ticket = *waiting_.begin();
    if (!sink_.send(kFirstTicket + ticket, builder_.reply(replies_.at(ticket).reply))) return;
    waiting_.erase(ticket);
  }
}

void Replies::reported(const Delivery& delivery) {
  if (delivery.rejection) {
    // The command counts as answered: whoever sent it sees the RAE's presence as well.
    log_error("reply_rejected", {{"reason", delivery.rejection->message}});
  }
  const std::uint64_t ticket = delivery.ticket - kFirstTicket;
  replies_.erase(ticket);
  done_.push_back(ticket);
}

void Replies::lose_all() {
  for (const auto& [ticket, owed] : replies_) waiting_.insert(ticket);
}

std::optional<SteadyTime> Replies::owed_since() const {
  std::optional<SteadyTime> oldest;
  for (const auto& [ticket, owed] : replies_)
    oldest = std::min(oldest.value_or(owed.since), owed.since);
  return oldest;
}

std::vector<std::uint64_t> Replies::take_done() { return std::exchange(done_, {}); }

}  // namespace dmp::bridge
