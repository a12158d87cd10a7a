// The prober against real HTTP servers on loopback, good ones and bad ones.
#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/stop.h"
#include "local-registry/adapters/documents.h"
#include "local-registry/adapters/http_prober.h"

namespace dmp::local {
namespace {

constexpr std::chrono::seconds kPatience{60};

// A device that answers one path.
class Device {
 public:
  Device() {
    http_.Get("/info", [](const auto&, auto& response) {
      response.set_content(R"({"serial":"X1","model":"none"})", "application/json");
    });
    http_.Get("/large", [](const auto&, auto& response) {
      response.set_content(std::string(2 * kAnswerBytesMax, ' '), "application/json");
    });
    http_.Get("/moved", [](const auto&, auto& response) { response.set_redirect("/info"); });
    port_ = http_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { http_.listen_after_bind(); });
    while (!http_.is_running()) std::this_thread::yield();
  }
  ~Device() {
    http_.stop();
    thread_.join();
  }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  [[nodiscard]] Profile profile(const std::string& path) const {
    Profile profile;
    profile.name = path.substr(1);
    profile.url = "http://{address}:" + std::to_string(port_) + path;
    profile.format = AnswerFormat::kJson;
    profile.required = {"identity.serial"};
    profile.fields = {{"identity.serial", "/serial", "", "", "", false},
                      {"identity.model", "/model", "", "", "", false}};
    return profile;
  }

 private:
  httplib::Server http_;
  int port_ = 0;
  std::thread thread_;
};

// A device whose header never ends, and never pauses for long.
class Dribbler {
 public:
  Dribbler() : listening_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listening_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listening_, 1), 0);
    getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& end) { dribble(end); });
  }
  ~Dribbler() {
    thread_.request_stop();
    shutdown(listening_, SHUT_RDWR);  // wakes accept()
    thread_.join();
    close(listening_);
  }
  Dribbler(const Dribbler&) = delete;
  Dribbler& operator=(const Dribbler&) = delete;

  [[nodiscard]] Profile profile() const {
    Profile profile;
    profile.name = "dribble";
    profile.url = "http://{address}:" + std::to_string(port_) + "/";
    return profile;
  }

 private:
  void dribble(const std::stop_token& end) const {
    const int device = accept(listening_, nullptr, nullptr);
    if (device < 0) return;
    std::string said = "HTTP/1.1 200 OK\r\nX-Endless: ";
    do {
      if (send(device, said.data(), said.size(), MSG_NOSIGNAL) < 0) break;
      said = "a";
    } while (!stopped_within(end, std::chrono::milliseconds(100)));
    close(device);
  }

  const int listening_;
  int port_ = 0;
  std::jthread thread_;
};

ProbeFinished ask(const std::vector<Profile>& profiles, const std::vector<std::string>& names) {
  EventQueue events(10, 1 << 20);
  Metrics metrics;
  HttpProber prober(profiles, events, metrics);
  prober.run();
  EXPECT_TRUE(prober.ask({SessionId(), {"127.0.0.1", "", {}}, names}));
  auto event = events.pop_until(std::chrono::steady_clock::now() + kPatience);
  prober.stop();
  EXPECT_TRUE(event);
  return std::get<ProbeFinished>(std::get<Sighting>(*event));
}

TEST(HttpProber, learns_what_the_device_says) {
  const Device device;
  const std::vector<Profile> profiles = {device.profile("/info")};
  const ProbeFinished finished = ask(profiles, {"info"});
  EXPECT_EQ(finished.address, "127.0.0.1");
  ASSERT_EQ(finished.outcomes.size(), 1u);
  EXPECT_TRUE(finished.outcomes[0].answered()) << finished.outcomes[0].error;
  EXPECT_EQ(finished.outcomes[0].observation.get("identity.serial"), "X1");
  EXPECT_EQ(finished.outcomes[0].observation.get("identity.model"), "") << "'none' says nothing";
}

TEST(HttpProber, says_why_each_profile_failed) {
  const Device device;
  Profile nobody = device.profile("/nobody");
  nobody.url = "http://{address}:1/";
  Profile unheard = device.profile("/unheard");
  unheard.url = "{location}";
  const std::vector<Profile> profiles = {device.profile("/large"), device.profile("/moved"),
                                         device.profile("/missing"), nobody, unheard};
  const std::vector<std::string> expected = {"more than 65536 bytes", "HTTP status 302",
                                             "HTTP status 404", "no connection",
                                             "did not say where"};
  const ProbeFinished finished = ask(profiles, {"large", "moved", "missing", "nobody", "unheard"});
  ASSERT_EQ(finished.outcomes.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NE(finished.outcomes[i].error.find(expected[i]), std::string::npos)
        << finished.outcomes[i].profile << ": " << finished.outcomes[i].error;
  }
}

TEST(HttpProber, gives_up_a_device_whose_header_does_not_end) {
  const Dribbler device;
  const std::vector<Profile> profiles = {device.profile()};
  const ProbeFinished finished = ask(profiles, {"dribble"});
  ASSERT_EQ(finished.outcomes.size(), 1u);
  EXPECT_EQ(finished.outcomes[0].error, "no answer");
}

TEST(HttpProber, asks_only_the_profiles_of_the_order) {
  const Device device;
  const std::vector<Profile> profiles = {device.profile("/large"), device.profile("/info")};
  EXPECT_EQ(ask(profiles, {"info"}).outcomes.size(), 1u);
}

TEST(HttpProber, refuses_orders_beyond_its_room) {
  const std::vector<Profile> profiles;
  EventQueue events(10, 1 << 20);
  Metrics metrics;
  HttpProber prober(profiles, events, metrics);  // not running: nobody takes them
  for (std::size_t i = 0; i < HttpProber::kOrdersMax; ++i) EXPECT_TRUE(prober.ask({}));
  EXPECT_FALSE(prober.ask({}));
}

}  // namespace
}  // namespace dmp::local
