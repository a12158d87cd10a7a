#include "tests/bench/stored_load.h"

#include <charconv>
#include <map>
#include <vector>

#include "tests/bench/updates_reader.h"

namespace dmp::bench {
namespace {

constexpr int kPatienceMs = 30'000;

class Tally {
 public:
  explicit Tally(const PublishLoad& load)
      : load_(load), seen_(static_cast<std::size_t>(load.from + load.messages)) {}

  void add(std::string_view key, std::string_view payload) {
    std::int64_t number = 0;
    std::from_chars(payload.data(), payload.data() + payload.size(), number);
    const auto at = static_cast<std::size_t>(number);
    if (at >= seen_.size() || key != topic_of(load_, number)) return;  // another load's
    if (seen_[at]) {
      ++found_.duplicates;
      return;
    }
    seen_[at] = true;
    std::int64_t& newest = newest_.try_emplace(std::string(key), -1).first->second;
    if (number < newest) ++found_.order_breaks;
    newest = std::max(newest, number);
  }

  StoredLoad result() {
    for (const bool seen : seen_) found_.lost += seen ? 0 : 1;
    return found_;
  }

 private:
  const PublishLoad& load_;
  std::vector<bool> seen_;
  std::map<std::string, std::int64_t> newest_;  // by key
  StoredLoad found_;
};

}  // namespace

Result<StoredLoad> look_up(const std::string& brokers, const PublishLoad& load) {
  auto reader = UpdatesReader::open(brokers, UpdatesReader::From::kBeginning);
  if (!reader) return tl::unexpected(reader.error());
  Tally tally(load);
  for (int ends = 0; ends < reader->partitions();) {
    const auto message = reader->next(kPatienceMs);
    if (!message) return fail("kafka", "a partition has no end");
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ++ends;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    tally.add({static_cast<const char*>(message->key), message->key_len},
              {static_cast<const char*>(message->payload), message->len});
  }
  return tally.result();
}

}  // namespace dmp::bench
