// Brokers for tests: librdkafka's mock cluster in this process, or the real one named by
// DMP_TEST_KAFKA; and a reader of everything a topic holds.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/bridge/fakes.h"

namespace dmp::bridge {

class MockKafka {
 public:
  MockKafka();
  ~MockKafka();
  MockKafka(const MockKafka&) = delete;
  MockKafka& operator=(const MockKafka&) = delete;

  [[nodiscard]] std::string brokers() const;
  void create_topic(const std::string& topic, int partitions);
  void set_down(bool down);
  void set_round_trip(std::chrono::milliseconds time);
  // The next produce requests fail so, one each.
  void fail_produce(const std::vector<int>& error_codes);
  // Or the next ones that read records.
  void fail_fetch(const std::vector<int>& error_codes);

 private:
  struct Cluster;
  std::unique_ptr<Cluster> cluster_;
};

// A producer whose first record names a topic it knows nothing of.
class ProducerByName {
 public:
  ProducerByName(const std::string& brokers, const std::string& topic);
  ~ProducerByName();
  ProducerByName(const ProducerByName&) = delete;
  ProducerByName& operator=(const ProducerByName&) = delete;

  [[nodiscard]] bool has_stored() const;

 private:
  struct Client;
  std::unique_ptr<Client> client_;
};

// On a real broker; back when it is known.
void create_topic(const std::string& brokers, const std::string& topic, int partitions);

// Back when the real broker has it.
void write_record(const std::string& brokers, const std::string& topic, std::int32_t partition,
                  const StoredRecord& record);

// All records of a topic, each partition in its order; waits until it has read at least `count`.
std::vector<StoredRecord> read_topic(const std::string& brokers, const std::string& topic,
                                     std::size_t count);

}  // namespace dmp::bridge
