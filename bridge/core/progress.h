// Progress: how far the commands of each partition are done, whatever order the answers come in.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

namespace dmp::bridge {

class Progress {
 public:
  // The command at `offset` is under way. Offsets of a partition come in order. Returns a ticket
  // for done(), never 0 and never the same again.
  std::uint64_t begin(std::int32_t partition, std::int64_t offset);

  struct Step {
    std::int32_t partition;
    std::int64_t next;  // everything below is done
  };
  // How far its partition got by this; nothing if an earlier command is still under way, or if the
  // ticket is from before clear().
  std::optional<Step> done(std::uint64_t ticket);

  // The command that began last has not begun after all.
  void withdraw(std::uint64_t ticket);

  // Nothing is under way any more.
  void clear();

  [[nodiscard]] std::size_t under_way() const { return partition_of_.size(); }

 private:
  struct Place {
    std::uint64_t ticket;
    std::int64_t offset;
    bool is_done;
  };

  std::uint64_t last_ticket_ = 0;
  std::map<std::uint64_t, std::int32_t> partition_of_;  // what is under way
  std::map<std::int32_t, std::deque<Place>> places_;
};

}  // namespace dmp::bridge
