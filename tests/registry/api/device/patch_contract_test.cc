// ETags, and changing what the cloud owns about a device, through the whole API.
#include <future>

#include "tests/fixtures/waiting.h"
#include "tests/registry/api/api_under_test.h"

namespace dmp::registry {
namespace {

using Json = nlohmann::json;

class OneDevice : public ApiUnderTest {
 protected:
  void SetUp() override {
    ApiUnderTest::SetUp();
    add(RaeRow{});
    add(SessionRow{});
  }

  static std::string path(int device = 1) { return "/v1/devices/" + uuid(device); }

  HttpAnswer read(const std::string& headers = "") {
    return HttpClient(port()).get(path(), "see-all", "GET", headers);
  }

  // "see-a" is an operator.
  static HttpAnswer patch(const std::string& body, const std::string& if_match,
                          const std::string& token = "see-a", int device = 1,
                          int to_port = port()) {
    HttpClient client(to_port);
    client.send("PATCH " + path(device) + " HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer " +
                token + "\r\nContent-Type: application/merge-patch+json\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n" +
                (if_match.empty() ? "" : "If-Match: " + if_match + "\r\n") + "\r\n" + body);
    return client.receive();
  }

  std::string audit() {
    std::string text;
    for (const auto& row : database().rows(
             "SELECT subject, role, outcome, detail FROM audit ORDER BY at, audit_id")) {
      text += row[0] + " " + row[1] + " " + row[2] + " " + row[3] + "\n";
    }
    return text;
  }
};

TEST_F(OneDevice, is_not_sent_again_to_who_has_it_already) {
  const HttpAnswer first = read();
  ASSERT_EQ(first.status, 200);
  const std::string etag = first.headers.at("etag");
  EXPECT_EQ(etag.substr(0, 3), "\"0.");
  const HttpAnswer again = read("If-None-Match: \"x\", " + etag + "\r\n");
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.headers.at("etag"), etag);
  EXPECT_EQ(again.body, "");
  database().execute("UPDATE device_session SET model = 'Model 2'");
  EXPECT_EQ(read("If-None-Match: " + etag + "\r\n").status, 200);
}

TEST_F(OneDevice, stands_in_a_list_from_memory_as_it_was_patched_a_moment_ago) {
  const int memory = port_from_memory();
  for (int i = 0; i < 20; ++i) {
    const std::string note = "note " + std::to_string(i);
    ASSERT_EQ(patch(R"({"note":")" + note + R"("})", "*", "see-a", 1, memory).status, 200);
    const HttpAnswer list = HttpClient(memory).get("/v1/devices", "see-all");
    ASSERT_EQ(Json::parse(list.body).at("items")[0].at("note"), note);
  }
  EXPECT_EQ(port_from_memory(), memory) << "which answers again";
}

TEST_F(OneDevice, is_read_from_memory_as_it_was_patched_a_moment_ago) {
  const int memory = port_from_memory();
  for (int i = 0; i < 20; ++i) {
    const std::string note = "note " + std::to_string(i);
    const HttpAnswer done = patch(R"({"note":")" + note + R"("})", "*", "see-a", 1, memory);
    ASSERT_EQ(done.status, 200);
    const HttpAnswer device = HttpClient(memory).get(path(), "see-all");
    ASSERT_EQ(Json::parse(device.body).at("note"), note);
    ASSERT_EQ(device.headers.at("etag"), done.headers.at("etag"));
    if (i % 2 == 1) continue;
    // Once it comes from memory again it is the same.
    const int before = devices_from_memory();
    ASSERT_TRUE(test::wait_for([&] {
      EXPECT_EQ(HttpClient(memory).get(path(), "see-all").body, device.body);
      return devices_from_memory() > before;
    }));
  }
}

TEST_F(OneDevice, is_held_until_the_very_microsecond_that_was_asked_for) {
  for (const std::string until : {"4102444800000001", "9007199254740991"}) {
    const HttpAnswer done = patch(R"({"hold":{"until_at":)" + until + "}}", "*");
    EXPECT_EQ(Json::parse(done.body).at("hold").at("until_at").dump(), until);
  }
}

TEST_F(OneDevice, takes_labels_note_and_hold_and_answers_with_what_it_is_then) {
  const HttpAnswer done =
      patch(R"({"labels":{"lab":"LA","rack":"7"},"note":"on top","hold":{"reason":"repair"}})",
            read().headers.at("etag"));
  ASSERT_EQ(done.status, 200) << done.body;
  const Json device = Json::parse(done.body);
  EXPECT_EQ(device.at("labels"), Json::parse(R"({"lab":"LA","rack":"7"})"));
  EXPECT_EQ(device.at("note"), "on top");
  EXPECT_EQ(device.at("hold"), Json::parse(R"({"by":"a","reason":"repair"})"));
  EXPECT_EQ(device.at("revision"), 1);
  EXPECT_EQ(device.at("schedulable"), false);
  EXPECT_EQ(codes(device), std::vector<std::string>{"held"});
  EXPECT_EQ(done.headers.at("etag"), read().headers.at("etag"));
  EXPECT_EQ(column(get("/v1/devices?labels.lab=LA&held=true"), "device_id"),
            std::vector<std::string>{uuid(1)});

  // What is not named stays, null clears.
  const Json next = Json::parse(
      patch(R"({"labels":{"rack":null,"row":"2"},"hold":null})", done.headers.at("etag")).body);
  EXPECT_EQ(next.at("labels"), Json::parse(R"({"lab":"LA","row":"2"})"));
  EXPECT_EQ(next.at("note"), "on top");
  EXPECT_FALSE(next.contains("hold"));
  EXPECT_EQ(next.at("revision"), 2);
  EXPECT_EQ(audit(), R"(a operator done {"labels":{"lab":"LA","rack":"7"},"note":"on top",)"
                     R"("hold":{"reason":"repair"}})"
                     "\n"
                     R"(a operator done {"labels":{"row":"2","rack":null},"hold":null})"
                     "\n");
}

TEST_F(OneDevice, is_changed_only_by_who_knows_its_revision) {
  const std::string etag = read().headers.at("etag");
  EXPECT_EQ(patch(R"({"note":"x"})", "").status, 428);
  // What the RAE reports in between does not count.
  database().execute("UPDATE device_session SET model = 'Model 2'");
  EXPECT_EQ(patch(R"({"note":"first"})", etag).status, 200);
  const HttpAnswer late = patch(R"({"note":"second"})", etag);
  EXPECT_EQ(late.status, 412);
  EXPECT_EQ(Json::parse(late.body).at("type"), "/problems/precondition-failed");
  EXPECT_EQ(get(path()).at("note"), "first");
  EXPECT_EQ(patch(R"({"note":"third"})", "*").status, 200);
  EXPECT_EQ(audit(),
            "a operator done {\"note\":\"first\"}\n"
            "a operator precondition_failed {\"note\":\"second\"}\n"
            "a operator done {\"note\":\"third\"}\n");
}

TEST_F(OneDevice, lets_one_of_many_win_who_write_at_once) {
  for (int round = 0; round < 5; ++round) {
    const std::string etag = read().headers.at("etag");
    std::vector<std::future<int>> writers;
    for (int i = 0; i < 8; ++i) {
      writers.push_back(std::async(std::launch::async, [etag, i] {
        return patch(R"({"labels":{"writer":")" + std::to_string(i) + "\"}}", etag).status;
      }));
    }
    int won = 0;
    for (auto& writer : writers) {
      const int status = writer.get();
      won += status == 200 ? 1 : 0;
      EXPECT_TRUE(status == 200 || status == 412) << status;
    }
    EXPECT_EQ(won, 1);
    EXPECT_EQ(get(path()).at("revision"), round + 1);
  }
}

TEST_F(OneDevice, takes_the_writes_of_all_who_overwrite_whatever_is_there) {
  constexpr int kWriters = 4;  // each can be beaten by the three others
  for (int round = 1; round <= 5; ++round) {
    std::vector<std::future<int>> writers;
    for (int i = 0; i < kWriters; ++i) {
      writers.push_back(std::async(std::launch::async, [i] {
        return patch("{\"labels\":{\"writer-" + std::to_string(i) + "\":\"x\"}}", "*").status;
      }));
    }
    for (auto& writer : writers) EXPECT_EQ(writer.get(), 200);
    EXPECT_EQ(get(path()).at("revision"), round * kWriters);
  }
  EXPECT_EQ(get(path()).at("labels").size(), 4u);
}

TEST_F(OneDevice, is_not_changed_by_a_viewer_nor_from_outside) {
  const HttpAnswer viewer = patch(R"({"note":"x"})", "*", "see-all");
  EXPECT_EQ(viewer.status, 403);
  EXPECT_EQ(Json::parse(viewer.body).at("type"), "/problems/forbidden");
  EXPECT_EQ(patch(R"({"note":"x"})", "*", "see-b").status, 404);
  EXPECT_EQ(patch(R"({"note":"x"})", "*", "nobody").status, 401);
  EXPECT_EQ(database().cell("SELECT count(*) FROM device"), "0");
  EXPECT_EQ(audit(),
            "all viewer forbidden {\"note\":\"x\"}\n"
            "b admin not_found {\"note\":\"x\"}\n");
}

TEST_F(OneDevice, has_its_refusals_audited_briefly_and_up_to_a_number_for_each_subject) {
  const auto count = [&](const char* subject) {
    return database().cell("SELECT count(*) FROM audit WHERE subject = '" + std::string(subject) +
                           "'");
  };
  const auto add_audit = [&](const char* outcome, int rows) {
    database().execute(
        "INSERT INTO audit (subject, role, action, target, outcome, detail) SELECT 'b', 'admin', "
        "'', '', '" +
        std::string(outcome) + "', '' FROM generate_series(1, " + std::to_string(rows) + ")");
  };
  // 255 bytes, then a character of two.
  const std::string body = "{\"note\":\"" + std::string(246, 'x') + "\xc3\xa4\"}";
  add_audit("done", 700);
  add_audit("forbidden", 599);
  EXPECT_EQ(patch(body, "*", "see-b").status, 404);
  EXPECT_EQ(count("b"), "1300");
  EXPECT_EQ(database().cell("SELECT detail FROM audit WHERE outcome = 'not_found'"),
            "{\"note\":\"" + std::string(246, 'x'));
  EXPECT_EQ(patch(body, "*", "see-b").status, 404);
  EXPECT_EQ(count("b"), "1300");
  EXPECT_EQ(patch(body, "*", "see-all").status, 403);
  EXPECT_EQ(count("all"), "1");
}

TEST_F(OneDevice, with_a_provisional_identity_takes_nothing) {
  database().execute("UPDATE device_session SET provisional = true");
  const HttpAnswer refused = patch(R"({"note":"x"})", "*");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(Json::parse(refused.body).at("type"), "/problems/provisional");
  EXPECT_EQ(database().cell("SELECT count(*) FROM device"), "0");
}

TEST_F(OneDevice, refuses_a_hold_of_the_past_and_too_many_labels) {
  const HttpAnswer past = patch(R"({"hold":{"until_at":1000000}})", "*");
  EXPECT_EQ(past.status, 400);
  EXPECT_EQ(Json::parse(past.body).at("member"), "hold.until_at");
  const auto labels = [](int from) {
    std::string body;
    for (int i = from; i < from + 32; ++i) {
      body += (body.empty() ? "\"" : ",\"") + std::to_string(i) + "\":\"x\"";
    }
    return "{\"labels\":{" + body + "}}";
  };
  EXPECT_EQ(patch(labels(0), "*").status, 200);
  EXPECT_EQ(patch(labels(32), "*").status, 200);
  EXPECT_EQ(patch(labels(40), "*").status, 400);
  EXPECT_EQ(get(path()).at("labels").size(), 64u);
}

TEST_F(OneDevice, is_free_again_when_its_hold_ends) {
  const std::string end =
      database().cell("SELECT CAST(extract(epoch FROM now()) * 1000000 AS BIGINT) + 3600000000");
  EXPECT_EQ(patch("{\"hold\":{\"reason\":\"r\",\"until_at\":" + end + "}}", "*").status, 200);
  const Json held = get(path());
  EXPECT_EQ(std::to_string(held.at("hold").at("until_at").get<std::int64_t>()), end);
  database().execute("UPDATE device SET hold_until = now() - INTERVAL '1 second'");
  const Json free = get(path());
  EXPECT_EQ(free.at("schedulable"), true);
  EXPECT_FALSE(free.contains("hold"));
}

TEST_F(OneDevice, keeps_serving_after_bodies_that_are_broken) {
  for (const std::string body : {"{", "nonsense", "\xff\xfe", "null", "[[[[[[[["}) {
    EXPECT_EQ(patch(body, "*").status, 400) << body;
  }
  EXPECT_EQ(patch(std::string(20000, ' '), "*").status, 400);
  EXPECT_EQ(patch(std::string(70000, ' '), "*").status, 413);
  {
    HttpClient client(port());  // gone in the middle of its body
    client.send("PATCH " + path() +
                " HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer see-a\r\n"
                "Content-Length: 100\r\nIf-Match: *\r\n\r\n{");
  }
  EXPECT_EQ(read().status, 200);
}

}  // namespace
}  // namespace dmp::registry
