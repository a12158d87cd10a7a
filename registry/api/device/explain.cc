#include "registry/api/device/explain.h"

#include <map>

#include "base/check.h"
#include "embedded/diagnosis_rules.h"
#include "registry/adapters/rules_json.h"
#include "registry/api/item/item.h"
#include "registry/api/past/device_events.h"
#include "registry/api/sql/reading.h"
#include "registry/api/sql/statements.h"
#include "registry/api/text.h"

namespace dmp::registry::api {
namespace {

constexpr int kEventsShown = 10;

RuleBook built_in_rules() {
  auto rules = parse_rules(embedded::diagnosis_rules.front().text);
  DMP_CHECK(rules.has_value());
  return RuleBook(std::move(*rules));
}

// Every field of an item as text, and its blockers.
class Fields final : public ItemSink {
 public:
  void begin_group(std::string_view name) override { group_ = std::string(name) + "."; }
  void end_group() override { group_.clear(); }
  void text(std::string_view name, std::string_view value) override { raw(name, value); }
  void raw(std::string_view name, std::string_view value) override {
    texts_[group_ + std::string(name)] = value;
  }
  void blockers(std::string_view codes, const Evidence& evidence) override {
    evidence_ = evidence;
    while (!codes.empty()) codes_.push_back(take_until(codes, ','));
  }

  [[nodiscard]] std::string of(std::string_view field) const {
    const auto found = texts_.find(field);
    return found == texts_.end() ? std::string() : found->second;
  }
  [[nodiscard]] const std::vector<std::string_view>& codes() const { return codes_; }
  [[nodiscard]] const Evidence& evidence() const { return evidence_; }

 private:
  std::map<std::string, std::string, std::less<>> texts_;
  std::vector<std::string_view> codes_;  // of the row
  Evidence evidence_;
  std::string group_;
};

void write_diagnosis(const Rule* rule, JsonWriter& json) {
  json.key("diagnosis");
  if (rule == nullptr) {
    json.null();
    return;
  }
  json.begin_object().key("rule").string(rule->name).key("cause").string(rule->cause);
  json.key("transient").boolean(rule->transient).key("advice").string(rule->advice).end_object();
}

void write_blocker(std::string_view code, const Fields& fields, Cells cells, Doctor& doctor,
                   JsonWriter& json) {
  json.begin_object().key("code").string(code);
  json.key("message").string(blocker_message(code, fields.evidence()));
  const FieldChoice choice{evidence_of(code)};
  json.key("evidence").begin_object();
  JsonItem evidence(choice, json);
  write_item(cells, evidence);
  json.end_object();
  write_diagnosis(doctor.diagnose(code, [&](std::string_view field) { return fields.of(field); }),
                  json);
  json.end_object();
}

}  // namespace

Doctor::Doctor(Metrics& metrics) : rules_(built_in_rules()), metrics_(metrics) {}

const Rule* Doctor::diagnose(std::string_view blocker, const FieldText& text) {
  const Rule* rule = rules_.find(blocker, text);
  if (rule != nullptr) return rule;
  std::string shape = shape_of(blocker, text);
  {
    std::lock_guard lock(mutex_);
    if (shapes_.size() < kShapesMax) shapes_.insert(shape);
    if (shapes_.count(shape) == 0) shape = "other";
  }
  metrics_
      .counter("dmp_registry_api_undiagnosed_total", "Explained blockers that no rule knows",
               {{"shape", shape}})
      .add();
  return nullptr;
}

Answer<HttpResponse> answer_explain(const ExplainQuery& query, const Scope& scope, Doctor& doctor,
                                    Reader& reader) {
  const auto rows = read(reader, current_items(scope, array_literal({query.device_id.str()})));
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return tl::unexpected(no_such_device(query.device_id.str()));
  EventsQuery newest{.device_id = query.device_id, .canary = query.canary};
  newest.page.limit = kEventsShown;
  const auto events = answer_events(newest, scope, reader);
  if (!events) return tl::unexpected(events.error());

  const Cells cells(*rows, 0);
  Fields fields;
  write_item(cells, fields);
  JsonWriter json;
  json.begin_object();
  const FieldChoice who{
      {"device_id", "device_session_id", "rae", "schedulable", "rae_last_heard_at"}};
  JsonItem item(who, json);
  write_item(cells, item);
  json.key("blockers").begin_array();
  for (const std::string_view code : fields.codes()) {
    write_blocker(code, fields, cells, doctor, json);
  }
  json.end_array().key("events").raw(events->body).end_object();
  return HttpResponse{.body = std::move(json).take()};
}

}  // namespace dmp::registry::api
