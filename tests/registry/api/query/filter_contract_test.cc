// The list with any filter, sort and format, read through the whole API from a real PostgreSQL.
#include <algorithm>
#include <random>
#include <set>

#include <rapidcheck.h>

#include "registry/api/query/target.h"
#include "tests/registry/api/api_under_test.h"

namespace dmp::registry {
namespace {

using Json = nlohmann::json;
using Strings = std::vector<std::string>;

// An attribute as the reference knows it: where it stands in an item, and values worth asking for.
struct Field {
  const char* name;
  const char* pointer;
  enum class Type { kText, kWord, kNumber, kFlag, kSet } type;
  Strings values;
};

const Field kFields[] = {
    {"presence",
     "/presence/status",
     Field::Type::kWord,
     {"online", "standby", "offline", "unknown"}},
    {"presence.reason", "/presence/reason", Field::Type::kText, {"rae_lost", "", "asleep"}},
    {"presence.changed_at", "/presence/changed_at", Field::Type::kNumber, {"0", "77", "78"}},
    {"model", "/identity/model", Field::Type::kText, {"Model 0", "Model 1", "model 1", ""}},
    {"identity.name", "/identity/name", Field::Type::kText, {"Lab 1", "Lab_2", "Lä%b"}},
    {"provisional", "/identity/provisional", Field::Type::kFlag, {}},
    {"network.port", "/network/port", Field::Type::kNumber, {"0", "8060", "-1"}},
    {"firmware_version", "/software/firmware_version", Field::Type::kText, {"1.0", "1.1"}},
    {"onboarding", "/onboarding/state", Field::Type::kWord, {"active", "onboarding", "unknown"}},
    {"usage", "/usage/state", Field::Type::kWord, {"available", "in_test", "unknown"}},
    {"usage.holder", "/usage/holder", Field::Type::kText, {"run 1", ""}},
    {"health", "/health/status", Field::Type::kWord, {"good", "bad", "looping", "unknown"}},
    {"rae", "/rae", Field::Type::kText, {"lab-a-1", "lab-b-1", "lab-c-1"}},
    {"schedulable", "/schedulable", Field::Type::kFlag, {}},
    {"blockers",
     "/blockers",
     Field::Type::kSet,
     {"rae_lost", "offline", "in_test", "unhealthy", "held", "onboarding", "duplicate_identity"}},
    {"labels.lab", "/labels/lab", Field::Type::kText, {"LA", "NY", "", "L\"A"}},
    {"labels.rack", "/labels/rack", Field::Type::kText, {"1", "2", ""}},
    {"note", "/note", Field::Type::kText, {"broken", ""}},
    {"held", "/hold", Field::Type::kFlag, {}},
    {"hold.by", "/hold/by", Field::Type::kText, {"ann", ""}},
    {"revision", "/revision", Field::Type::kNumber, {"0", "1", "2"}},
};

// A filter as a tree of its own, with a reference meaning over the JSON of an item.
struct Node {
  enum class Kind { kTest, kIn, kNot, kAnd, kOr } kind = Kind::kTest;
  const Field* field = nullptr;
  std::string op{};
  Strings values{};
  std::vector<Node> parts{};
};

std::string quoted(const std::string& value) {
  std::string text = "\"";
  for (const char c : value) text += (c == '"' || c == '\\' ? "\\" : "") + std::string(1, c);
  return text + "\"";
}

std::string text_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kTest:
      return std::string(node.field->name) + " " + node.op + " " + quoted(node.values.front());
    case Node::Kind::kIn: {
      std::string list;
      for (const std::string& value : node.values)
        list += (list.empty() ? "" : ",") + quoted(value);
      return std::string(node.field->name) + " in (" + list + ")";
    }
    case Node::Kind::kNot:
      return "!(" + text_of(node.parts.front()) + ")";
    default:
      break;
  }
  const char* symbol = node.kind == Node::Kind::kAnd ? " && " : " || ";
  return "(" + text_of(node.parts[0]) + symbol + text_of(node.parts[1]) + ")";
}

bool globbed(std::string_view glob, std::string_view text) {
  if (glob.empty()) return text.empty();
  if (glob[0] == '*') {
    return globbed(glob.substr(1), text) || (!text.empty() && globbed(glob, text.substr(1)));
  }
  return !text.empty() && glob[0] == text[0] && globbed(glob.substr(1), text.substr(1));
}

bool is_equal(const Field& field, const Json& item, const std::string& value) {
  const Json::json_pointer pointer(field.pointer);
  const bool there = item.contains(pointer);
  switch (field.type) {
    case Field::Type::kNumber:
      return (there ? item.at(pointer).get<std::int64_t>() : 0) == std::stoll(value);
    case Field::Type::kFlag:
      return (there && item.at(pointer) != Json(false)) == (value == "true");
    case Field::Type::kSet: {
      for (const Json& blocker : item.at(pointer)) {
        if (blocker.at("code") == value) return true;
      }
      return false;
    }
    default:
      return (there                              ? item.at(pointer).get<std::string>()
              : field.type == Field::Type::kWord ? "unknown"
                                                 : "") == value;
  }
}

bool holds(const Node& node, const Json& item) {
  switch (node.kind) {
    case Node::Kind::kNot:
      return !holds(node.parts.front(), item);
    case Node::Kind::kAnd:
      return holds(node.parts[0], item) && holds(node.parts[1], item);
    case Node::Kind::kOr:
      return holds(node.parts[0], item) || holds(node.parts[1], item);
    case Node::Kind::kIn:
      return std::any_of(node.values.begin(), node.values.end(), [&](const std::string& value) {
        return is_equal(*node.field, item, value);
      });
    case Node::Kind::kTest:
      break;
  }
  const std::string& value = node.values.front();
  const Json::json_pointer pointer(node.field->pointer);
  if (node.op == "==") return is_equal(*node.field, item, value);
  if (node.op == "!=") return !is_equal(*node.field, item, value);
  if (node.op == "~" || node.op == "!~") {
    const std::string text = item.contains(pointer) ? item.at(pointer).get<std::string>() : "";
    return globbed(value, text) == (node.op == "~");
  }
  const std::int64_t number = item.contains(pointer) ? item.at(pointer).get<std::int64_t>() : 0;
  const std::int64_t bound = std::stoll(value);
  return node.op == "<"    ? number < bound
         : node.op == "<=" ? number <= bound
         : node.op == ">"  ? number > bound
                           : number >= bound;
}

Node any_test() {
  Node node;
  node.field = *rc::gen::map(rc::gen::inRange(0, static_cast<int>(std::size(kFields))),
                             [](int i) { return &kFields[i]; });
  Strings ops = {"==", "!=", "in"};
  Strings values = node.field->values;
  if (node.field->type == Field::Type::kText && node.field->name != std::string("rae")) {
    ops.insert(ops.end(), {"~", "!~"});
  }
  if (node.field->type == Field::Type::kNumber) ops.insert(ops.end(), {"<", "<=", ">", ">="});
  if (node.field->type == Field::Type::kFlag) values = {"true", "false"};
  node.op = *rc::gen::elementOf(ops);
  if (node.op == "in") {
    node.kind = Node::Kind::kIn;
    node.values = *rc::gen::container<Strings>(2, rc::gen::elementOf(values));
  } else if (node.op == "~" || node.op == "!~") {
    const std::string value = *rc::gen::elementOf(values);
    node.values = {*rc::gen::element(value, value + "*", "*" + value, value.substr(0, 1) + "*",
                                     std::string("*"))};
  } else {
    node.values = {*rc::gen::elementOf(values)};
  }
  return node;
}

Node any_node(int depth) {
  const int choice = depth == 0 ? 0 : *rc::gen::inRange(0, 8);
  Node node;
  if (choice < 3) return any_test();
  if (choice == 3) {
    node.kind = Node::Kind::kNot;
    node.parts = {any_node(depth - 1)};
    return node;
  }
  node.kind = choice < 6 ? Node::Kind::kAnd : Node::Kind::kOr;
  node.parts = {any_node(depth - 1), any_node(depth - 1)};
  return node;
}

class Filtered : public ApiUnderTest {
 protected:
  // Eighty devices of every kind on three RAEs, one of them lost; every tenth has a second session.
  void add_zoo() {
    add(RaeRow{});
    add(RaeRow{.rae = "lab-b-1", .status = "offline"});
    add(RaeRow{.rae = "lab-c-1"});
    const char* raes[] = {"lab-a-1", "lab-b-1", "lab-c-1"};
    const char* presences[] = {"online", "online", "online", "standby", "offline", "unknown"};
    const char* usages[] = {"available", "in_test", "unknown"};
    const char* healths[] = {"good", "good", "bad", "looping", "unknown"};
    for (int i = 1; i <= 80; ++i) {
      SessionRow row{.rae = raes[i % 3], .session = i, .device = i};
      row.model = i % 7 == 0 ? "" : "Model " + std::to_string(i % 4);
      row.presence = presences[i % 6];
      row.usage = usages[i / 2 % 3];
      row.health = healths[i / 3 % 5];
      row.onboarding = i % 5 == 0 ? "onboarding" : "active";
      add(row);
      if (i % 10 != 0) continue;
      row.rae = raes[(i + 1) % 3];
      row.session += 1000;
      row.model = "Model 9";
      row.presence = presences[i / 10 % 6];
      add(row);
    }
    const std::string n = "('x' || substr(CAST(device_session_id AS TEXT), 6, 3))::bit(12)::int";
    database().execute(
        "UPDATE device_session SET name = (ARRAY['Lab 1', 'Lab_2', 'Lä%b', ''])[1 + " + n +
        " % 4], provisional = " + n + " % 11 = 0, network_at = " + n + " % 2, port = CASE WHEN " +
        n +
        " % 4 = 1 THEN 8060 ELSE 0 END,"
        " software_at = 1, firmware_version = '1.' || " +
        n + " % 3");
    database().execute("UPDATE device_state SET usage_holder = CASE WHEN " + n +
                       " % 2 = 0 THEN 'run 1' ELSE '' END, presence_reason = CASE WHEN " + n +
                       " % 9 = 0 THEN 'asleep' ELSE '' END");
    database().execute(
        "INSERT INTO device (device_id, labels, note, hold_by, hold_until, revision) SELECT"
        " device_id, CASE n % 4 WHEN 0 THEN '{}' WHEN 1 THEN '{\"lab\": \"LA\", \"rack\": \"1\"}'"
        " WHEN 2 THEN '{\"lab\": \"L\\\"A\"}' ELSE '{\"lab\": \"NY\", \"rack\": \"2\"}' END::jsonb,"
        " CASE WHEN n % 5 = 0 THEN 'broken' ELSE '' END, CASE WHEN n % 3 = 0 THEN 'ann' ELSE '' "
        "END,"
        " CASE WHEN n % 2 = 0 THEN now() - INTERVAL '1 hour' END, n % 3 FROM (SELECT device_id, " +
        n +
        " AS n FROM device_session WHERE substr(CAST(device_session_id AS TEXT), 6, 1) = '0') s"
        " WHERE n % 4 <> 3 OR n > 40");
  }

  // All pages of a list.
  std::vector<Json> all(const std::string& parameters, const std::string& token = "see-all",
                        int from_port = port()) {
    std::vector<Json> items;
    std::string cursor;
    for (int page = 0; page < 300; ++page) {
      const HttpAnswer answer =
          HttpClient(from_port).get("/v1/devices?" + parameters + cursor, token);
      EXPECT_EQ(answer.status, 200) << parameters << "\n" << answer.body;
      const Json list = Json::parse(answer.body);
      for (const Json& item : list.at("items")) items.push_back(item);
      if (list.at("next").is_null()) return items;
      cursor = "&cursor=" + list.at("next").get<std::string>();
    }
    ADD_FAILURE() << "the pages of " << parameters << " do not end";
    return items;
  }

  static Strings ids(const std::vector<Json>& items) {
    Strings all;
    for (const Json& item : items) all.push_back(item.at("device_id"));
    return all;
  }
};

TEST_F(Filtered, any_filter_passes_what_a_reference_passes) {
  add_zoo();
  const std::vector<Json> everything = all("limit=500");
  ASSERT_EQ(everything.size(), 80u);
  EXPECT_TRUE(rc::check("reference", [&] {
    const Node node = any_node(3);
    const std::string text = text_of(node);
    RC_LOG() << text;
    Strings expected;
    for (const Json& item : everything) {
      if (holds(node, item)) expected.push_back(item.at("device_id"));
    }
    RC_CLASSIFY(expected.empty(), "nothing passes");
    RC_ASSERT(ids(all("limit=60&filter=" + api::percent_encode(text))) == expected);
  }));
}

// Whoever asks, for whatever, in pages of any size.
TEST_F(Filtered, a_list_from_memory_is_that_of_the_database) {
  add_zoo();
  trust_for_an_hour();
  const int memory = port_from_memory();
  const int before = lists_from_memory();
  EXPECT_TRUE(rc::check("same", [&] {
    const std::string text = text_of(any_node(2));
    const auto token = *rc::gen::element<std::string>("see-all", "see-a", "see-b", "see-none");
    const auto limit = *rc::gen::element<std::string>("7", "30", "100");
    RC_LOG() << text << " " << token;
    const std::string target = "limit=" + limit + "&filter=" + api::percent_encode(text);
    RC_ASSERT(all(target, token, memory) == all(target, token, port()));
  }));
  EXPECT_GT(lists_from_memory(), before + 10);
}

TEST_F(Filtered, plain_parameters_say_the_same_as_the_filter) {
  add_zoo();
  EXPECT_EQ(ids(all("labels.lab=LA&health=good")),
            ids(all("filter=" + api::percent_encode("labels.lab==LA && health==good"))));
  EXPECT_FALSE(all("labels.lab=LA&health=good").empty());
}

TEST_F(Filtered, a_wrong_token_is_told_with_its_column) {
  const Json problem =
      get("/v1/devices?filter=" + api::percent_encode("held==true && modl==X"), 400);
  EXPECT_EQ(problem.at("type"), "/problems/bad-filter");
  EXPECT_EQ(problem.at("token"), "modl");
  EXPECT_EQ(problem.at("column"), 15);
  EXPECT_EQ(problem.at("parameter"), "filter");
}

TEST_F(Filtered, a_list_is_sorted_both_ways_and_in_pages_of_any_size) {
  add_zoo();
  const struct {
    const char* sort;
    const char* pointer;
  } cases[] = {{"name", "/identity/name"},
               {"model", "/identity/model"},
               {"firmware_version", "/software/firmware_version"},
               {"rae", "/rae"},
               {"device_id", "/device_id"}};
  for (const auto& c : cases) {
    for (const bool falling : {false, true}) {
      SCOPED_TRACE(std::string(c.sort) + (falling ? " falling" : ""));
      const std::string sort = std::string("&sort=") + (falling ? "-" : "") + c.sort;
      const auto whole = all("limit=500" + sort);
      EXPECT_EQ(whole.size(), 80u);
      const Strings order = ids(whole);
      EXPECT_EQ(std::set<std::string>(order.begin(), order.end()).size(), order.size());
      EXPECT_EQ(ids(all("limit=7" + sort)), order);
      // Equal values by device_id; how unequal texts compare is the database's collation.
      std::map<std::string, Strings> runs;
      std::string last = "none";
      for (const Json& item : whole) {
        const std::string value = item.value(Json::json_pointer(c.pointer), "");
        if (value != last) {
          EXPECT_EQ(runs.count(value), 0u);
        }
        runs[value].push_back(item.at("device_id"));
        last = value;
      }
      for (auto& [value, run] : runs) {
        if (falling) std::reverse(run.begin(), run.end());
        EXPECT_TRUE(std::is_sorted(run.begin(), run.end())) << value;
      }
    }
  }
}

TEST_F(Filtered, sorted_pages_neither_skip_nor_repeat_devices_whose_value_stays) {
  add_zoo();
  std::mt19937 random(20260102);
  for (int round = 0; round < 6; ++round) {
    const bool falling = round % 2 == 1;
    const std::string sort = std::string("&sort=") + (falling ? "-" : "") + "name";
    Strings seen;
    std::string cursor;
    for (int page = 0; page < 200; ++page) {
      const auto limit = std::to_string(3 + random() % 40);
      const Json list = get("/v1/devices?limit=" + limit + sort + cursor);
      for (const std::string& id : column(list, "device_id")) seen.push_back(id);
      if (list.at("next").is_null()) break;
      cursor = "&cursor=" + list.at("next").get<std::string>();
      // Devices 1 to 8 wander through the whole list, everything else is touched.
      database().execute(
          "UPDATE device_session SET name = chr(65 + CAST(random() * 57 AS INT))"
          " WHERE device_session_id <= '" +
          uuid(8) + "'");
      database().execute("UPDATE device_state SET changed_at = now()");
    }
    for (int i = 9; i <= 80; ++i) {
      EXPECT_EQ(std::count(seen.begin(), seen.end(), uuid(i)), 1) << uuid(i) << sort;
    }
  }
}

TEST_F(Filtered, only_the_fields_asked_for_are_told) {
  add(RaeRow{});
  add(SessionRow{});
  EXPECT_EQ(get("/v1/devices?fields=device_id,presence,model").at("items")[0],
            Json::parse(R"({"device_id":")" + uuid(1) +
                        R"(","presence":{"status":"online","changed_at":77},)" +
                        R"("identity":{"model":"Model 1"}})"));
}

TEST_F(Filtered, a_list_comes_as_csv_or_lines_with_the_next_page_in_the_link) {
  add(RaeRow{});
  for (int i = 1; i <= 3; ++i) add(SessionRow{.session = i, .device = i});
  HttpClient client(port());
  const std::string target = "/v1/devices?limit=2&fields=device_id,model";
  const HttpAnswer csv = client.get(target, "see-all", "GET", "Accept: text/csv\r\n");
  EXPECT_EQ(csv.headers.at("content-type"), "text/csv; charset=utf-8; header=present");
  EXPECT_EQ(csv.body,
            "device_id,identity.model\r\n" + uuid(1) + ",Model 1\r\n" + uuid(2) + ",Model 1\r\n");
  const std::string link = csv.headers.at("link");
  ASSERT_TRUE(link.starts_with("</v1/devices?limit=2&fields=device_id%2Cmodel&cursor=")) << link;
  const std::string next = link.substr(1, link.find('>') - 1);
  const HttpAnswer lines = client.get(next, "see-all", "GET", "Accept: application/x-ndjson\r\n");
  EXPECT_EQ(lines.headers.at("content-type"), "application/x-ndjson");
  EXPECT_EQ(Json::parse(lines.body).at("device_id"), uuid(3));
  EXPECT_EQ(lines.headers.count("link"), 0u);
  EXPECT_EQ(client.get(target, "see-all", "GET", "Accept: image/png\r\n").status, 406);
}

TEST_F(Filtered, a_count_is_an_estimate_unless_everything_is_on_the_page) {
  add_zoo();
  const Json some = get("/v1/devices?count=estimate&limit=10&presence=online");
  EXPECT_EQ(some.at("count_is"), "estimate");
  EXPECT_GE(some.at("count").get<int>(), static_cast<int>(all("presence=online").size()));
  EXPECT_LE(some.at("count").get<int>(), 88);  // sessions
  const Json whole = get("/v1/devices?count=estimate&presence=online&limit=500");
  EXPECT_EQ(whole.at("count_is"), "exact");
  EXPECT_EQ(whole.at("count"), whole.at("items").size());
  EXPECT_FALSE(get("/v1/devices").contains("count"));
}

}  // namespace
}  // namespace dmp::registry
