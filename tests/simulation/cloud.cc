#include "tests/simulation/cloud.h"

#include <algorithm>

#include "base/check.h"
#include "schema/codec.h"

namespace dmp::simulation {

using std::chrono::milliseconds;

namespace {

constexpr std::int64_t kSilentUs = 180'000'000;

}  // namespace

void Cloud::consume(const registry::Record& record) {
  const auto news = registry::decode_record(record);
  const auto sender = registry::sender_of(record).value();
  if (news) {
    fold_.add(*news);
    senders_.push_back(sender);
  } else {
    timeline_.tell("registry", "refuses it: " + news.error().message);
    if (news.error().code == registry::kClockAhead) behind_.push_back(sender);
  }
  if (batch_open_) return;
  batch_open_ = true;
  timeline_.in(dice_.between(milliseconds(0), milliseconds(200)), [this] { write_batch(); });
}

void Cloud::write_batch() {
  batch_open_ = false;
  const auto written = store_.write(fold_.take());
  DMP_CHECK(written.has_value());
  for (const registry::Sender& sender : senders_) {
    if (std::ranges::find(written->behind, sender.rae) != written->behind.end()) {
      behind_.push_back(sender);
    }
  }
  senders_.clear();
  if (plant_ != Plant::kNoFloor) tell_behind();
  behind_.clear();
}

void Cloud::tell_behind() {
  const WallTime now{timeline_.true_us()};
  for (const registry::Sender& sender : pace_.due(behind_, now, timeline_.steady())) {
    const RaeFloor held = store_.floors({sender.rae}).value().at(0);
    const std::string payload = encode(Resync{now, held.floor, held.presence});
    timeline_.tell("registry", "sends " + sender.rae.str() + " resync " + payload);
    network_.send_resync(sender.rae, payload);
    ++resyncs_;
  }
}

std::string Cloud::doubt(const RaeSerial& rae) const {
  const auto found = store_.raes.find(rae);
  if (found == store_.raes.end()) return "rae_silent";
  if (found->second.presence.status.value == AgentStatus::kOffline) return "rae_lost";
  if (found->second.last_heard_at.us < timeline_.true_us() - kSilentUs) return "rae_silent";
  return "";
}

std::map<SessionId, SessionRow> Cloud::visible(const RaeSerial& rae) const {
  const auto found = store_.raes.find(rae);
  const Timestamp roster_at = found == store_.raes.end() ? Timestamp{} : found->second.roster_at;
  std::map<SessionId, SessionRow> rows;
  for (const auto& [key, row] : store_.sessions) {
    if (key.first != rae || !row.facets.identity) continue;
    if (!row.ended_at.is_set() && row.seen_at >= roster_at) rows[key.second] = row;
  }
  return rows;
}

bool Cloud::is_confirmed(const SessionRow& row) const {
  const auto found = store_.raes.find(row.rae);
  return found != store_.raes.end() && row.seen_at >= found->second.presence.timestamp;
}

}  // namespace dmp::simulation
