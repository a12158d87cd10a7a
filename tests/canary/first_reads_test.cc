// What is read once before a run, of servers that answer this or that.
#include "canary/adapters/first_reads.h"

#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>

#include "canary/core/watch.h"
#include "tests/fixtures/waiting.h"

namespace dmp::canary {
namespace {

// Answers everything alike.
class Answers {
 public:
  Answers(int status, const std::string& body) {
    server_.Get(".*", [=](const httplib::Request& /*asked*/, httplib::Response& answer) {
      answer.status = status;
      answer.set_content(body, "text/plain");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    EXPECT_TRUE(test::wait_for([this] { return server_.is_running(); }));
  }
  ~Answers() {
    server_.stop();
    thread_.join();
  }
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

Result<std::string> read_rest(const Answers& server) {
  return first_read_of_rest({server.url(), "", "token"}, "token-file");
}

Result<std::string> read_registry(const Answers& server) {
  return first_read_of_metrics("registry-metrics", server.url(), kRegistryNames);
}

TEST(FirstReads, of_who_cannot_answer_now_are_a_warning) {
  for (const int status : {408, 429, 500, 503}) {
    SCOPED_TRACE(status);
    const Answers busy(status, "");
    for (const auto& read : {read_rest(busy), read_registry(busy)}) {
      ASSERT_TRUE(read) << read.error().message;
      EXPECT_NE(read->find("status " + std::to_string(status)), std::string::npos) << *read;
    }
  }
}

TEST(FirstReads, of_a_wrong_address_name_the_setting) {
  const Answers other(404, "");
  for (const auto& read : {read_rest(other), read_registry(other)}) {
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, "bad_setting");
    EXPECT_NE(read.error().message.find("status 404"), std::string::npos) << read.error().message;
  }
}

TEST(FirstReads, of_a_registry_without_ingest_say_so) {
  const Answers api(200, "dmp_registry_api_in_flight 0\n");
  const auto read = read_registry(api);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("no ingest here: name the admin address of an instance that "
                                      "has the role ingest"),
            std::string::npos)
      << read.error().message;
  const Answers ingest(200,
                       "dmp_ingest_batches_total 0\n"
                       "dmp_ingest_batch_seconds_bucket{le=\"+Inf\"} 0\n");
  EXPECT_TRUE(read_registry(ingest));
}

}  // namespace
}  // namespace dmp::canary
