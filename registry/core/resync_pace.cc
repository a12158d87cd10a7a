#include "registry/core/resync_pace.h"

#include <utility>

#include "registry/core/decode_record.h"
#include "schema/topics.h"

namespace dmp::registry {

std::optional<Sender> sender_of(const Record& record) {
  auto topic = parse_topic(record.key);
  const auto received = received_at(record);
  if (!topic || !received) return std::nullopt;
  return Sender{std::move(topic->rae), std::string(header(record, kafka::kBridge).value_or("")),
                *received};
}

std::vector<Sender> ResyncPace::due(const std::vector<Sender>& behind, WallTime wall,
                                    SteadyTime now) {
  std::vector<Sender> due;
  for (const Sender& sender : behind) {
    if (due.size() == kAtOnce) break;
    if (wall.us - sender.received_at.us > kHeardWithin.count()) continue;
    if (told_.size() == kRaesMax) {
      std::erase_if(told_, [&](const auto& entry) { return now - entry.second >= kEvery; });
      if (told_.size() == kRaesMax) break;
    }
    const auto [told, is_new] = told_.try_emplace(sender.rae, now);
    if (!is_new && now - told->second < kEvery) continue;
    told->second = now;
    due.push_back(sender);
  }
  return due;
}

}  // namespace dmp::registry
