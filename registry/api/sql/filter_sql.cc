#include "registry/api/sql/filter_sql.h"

#include <algorithm>
#include <optional>

#include "registry/api/json_writer.h"
#include "registry/api/people.h"
#include "registry/api/sql/scope_sql.h"

namespace dmp::registry::api {
namespace {

Filter test_of(std::string_view attribute, Operator op, std::string value) {
  return {.kind = Filter::Kind::kTest,
          .test = {.attribute = find_attribute(attribute), .op = op, .value = std::move(value)}};
}

Filter all_of(std::vector<Filter> parts) {
  return {.kind = Filter::Kind::kAll, .parts = std::move(parts)};
}

bool is_positive(const Test& test, std::string_view word) {
  return (test.op == Operator::kEqual && test.value == word) ||
         (test.op == Operator::kNotEqual && test.value != word);
}

// What a blocker says about the facets it comes from (session_view).
Filter implied_by_blocker(const std::string& code) {
  if (code == "offline" || code == "standby") {
    return test_of("presence.status", Operator::kEqual, code);
  }
  if (code == "onboarding") return test_of("onboarding.state", Operator::kNotEqual, "active");
  if (code == "in_test") return test_of("usage.state", Operator::kEqual, "in_test");
  if (code == "held") return test_of("hold.by", Operator::kNotEqual, "");
  if (code == "unhealthy") {
    return {.kind = Filter::Kind::kAny,
            .parts = {test_of("health.status", Operator::kEqual, "bad"),
                      test_of("health.status", Operator::kEqual, "looping")}};
  }
  return {};
}

// A derived value in terms of the facets it implies.
Filter implied(const Test& test) {
  const std::string& name = test.attribute->name;
  if (name == "schedulable" && is_positive(test, "true")) {
    return all_of({test_of("presence.status", Operator::kEqual, "online"),
                   test_of("onboarding.state", Operator::kEqual, "active"),
                   test_of("usage.state", Operator::kNotEqual, "in_test"),
                   test_of("health.status", Operator::kNotEqual, "bad"),
                   test_of("health.status", Operator::kNotEqual, "looping")});
  }
  if (name == "held" && is_positive(test, "true")) {
    return test_of("hold.by", Operator::kNotEqual, "");
  }
  if (name == "blockers" && test.op == Operator::kEqual) return implied_by_blocker(test.value);
  return {.kind = Filter::Kind::kTest, .test = test};
}

Filter implied(const Filter& filter) {
  if (filter.kind == Filter::Kind::kTest) return implied(filter.test);
  Filter result{.kind = filter.kind};
  for (const Filter& part : filter.parts) result.add(implied(part));
  return result;
}

std::string_view sql_of(Operator op) {
  static constexpr std::string_view kTexts[] = {" = ", " <> ", " LIKE ", " NOT LIKE ",
                                                " < ", " >= ", " > ",    " <= "};
  return kTexts[static_cast<std::size_t>(op)];
}

std::string value_of(const Test& test, Statement& statement) {
  switch (test.attribute->kind) {
    case ValueKind::kNumber:
      return "CAST(" + statement.bind(test.value) + " AS BIGINT)";
    case ValueKind::kUuid:
      return sql_uuid(statement, test.value);
    case ValueKind::kBoolean:
      return test.value == "true" ? "true" : "false";
    default:
      break;
  }
  const bool glob = test.op == Operator::kLike || test.op == Operator::kNotLike;
  return statement.bind(glob ? like_pattern(test.value) : test.value);
}

std::string comparison(const std::string& column, const Test& test, Statement& statement) {
  return column + std::string(sql_of(test.op)) + value_of(test, statement);
}

// A device without a row has defaults: a test they pass says nothing about the row.
std::optional<std::string> device_condition(const Test& test, Statement& statement) {
  if (passes(test, "")) return std::nullopt;
  std::string condition;
  if (!test.attribute->is_labels()) {
    condition = comparison("d." + test.attribute->column, test, statement);
  } else if (test.op == Operator::kEqual) {  // served by the inverted index
    JsonWriter pair;
    pair.begin_object().key(test.label).string(test.value).end_object();
    condition = "d.labels @> CAST(" + statement.bind(std::move(pair).take()) + " AS JSONB)";
  } else {
    condition = comparison("d.labels ->> " + sql_text(statement, test.label), test, statement);
  }
  return "s.device_id IN (SELECT d.device_id FROM device d WHERE " + condition + ")";
}

// As session_shown has it. `not_confirmed` only of RAEs that have not sent a roster since they
// connected: what an older roster named and no newer one is not visible.
constexpr std::string_view kMayBeUnknown =
    "(t.presence_status = 'unknown' OR t.rae IN (SELECT r.rae FROM rae_view r WHERE r.doubt <> ''"
    " OR r.roster_at < r.presence_at) OR NOT EXISTS (SELECT 1 FROM rae r WHERE r.rae = t.rae))";

// Nothing: a stored row of any kind may pass. `state` becomes true if the text is about t.
std::optional<std::string> condition_of(const Test& test, Statement& statement, bool& state) {
  const Attribute& attribute = *test.attribute;
  switch (attribute.home) {
    case Home::kSession:
      return comparison("s." + attribute.column, test, statement);
    case Home::kState:
      state = true;
      return comparison("t." + attribute.column, test, statement);
    case Home::kDevice:
      return device_condition(test, statement);
    case Home::kDerived:
      break;
  }
  if (attribute.name != "presence.status") return std::nullopt;
  if (test.op == Operator::kEqual && test.value == "unknown") {
    state = true;
    return std::string(kMayBeUnknown);
  }
  // Any stored presence can be shown as unknown; every other one is shown as it is stored.
  const bool certain = (test.op == Operator::kEqual) != (test.value == "unknown");
  if (!certain) return std::nullopt;
  state = true;
  return comparison("t.presence_status", test, statement);
}

std::optional<std::string> condition_of(const Filter& filter, Statement& statement, bool& state) {
  if (filter.kind == Filter::Kind::kTest) return condition_of(filter.test, statement, state);
  const bool all = filter.kind == Filter::Kind::kAll;
  const std::size_t values = statement.values.size();
  std::string text;
  for (const Filter& part : filter.parts) {
    const auto one = condition_of(part, statement, state);
    if (!one && all) continue;
    if (!one) {
      statement.values.resize(values);  // nobody asks for them any more
      return std::nullopt;
    }
    text += (text.empty() ? "" : all ? " AND " : " OR ") + *one;
  }
  if (text.empty()) return std::nullopt;
  return "(" + text + ")";
}

bool is_rare(const Test& test) {
  const std::string& name = test.attribute->name;
  if (name == "usage.state" && test.value == "available") return test.op == Operator::kNotEqual;
  if (test.op != Operator::kEqual) return false;
  if (name == "usage.state") return true;
  if (name == "presence.status") return test.value != "online";
  return name == "health.status" && (test.value == "bad" || test.value == "looping");
}

// Nothing: what passes need not be in such a state.
std::optional<std::string> rare_condition(const Filter& filter, Statement& statement) {
  if (filter.kind == Filter::Kind::kTest) {
    bool state = false;
    return is_rare(filter.test) ? condition_of(filter.test, statement, state) : std::nullopt;
  }
  const bool all = filter.kind == Filter::Kind::kAll;
  const std::size_t values = statement.values.size();
  std::string text;
  for (const Filter& part : filter.parts) {
    const auto one = rare_condition(part, statement);
    if (!one && all) continue;
    if (!one) {
      statement.values.resize(values);
      return std::nullopt;
    }
    text += (text.empty() ? "" : all ? " AND " : " OR ") + *one;
  }
  if (text.empty()) return std::nullopt;
  return "(" + text + ")";
}

// The stored values a filter implies, as parts of which each must hold.
std::vector<Filter> implied_parts(const Filter& filter) {
  Filter stored = implied(filter);
  if (stored.kind != Filter::Kind::kAll) return {std::move(stored)};
  return std::move(stored.parts);
}

}  // namespace

StoredConditions stored_conditions(const Filter& filter, Statement& statement, bool with_state) {
  StoredConditions conditions;
  for (const Filter& part : implied_parts(filter)) {
    bool state = false;
    const std::size_t values = statement.values.size();
    auto text = condition_of(part, statement, state);
    if (state && !with_state) {
      statement.values.resize(values);  // nobody asks for them any more
    } else if (text) {
      (state ? conditions.state : conditions.session).push_back(std::move(*text));
    }
  }
  return conditions;
}

std::vector<std::string> rare_conditions(const Filter& filter, Statement& statement) {
  std::vector<std::string> conditions;
  for (const Filter& part : implied_parts(filter)) {
    if (auto text = rare_condition(part, statement)) conditions.push_back(std::move(*text));
  }
  return conditions;
}

}  // namespace dmp::registry::api
