// Rows as array literals; the columns come in the order of upsert_columns.h.
#include <type_traits>

#include "schema/array_literal.h"
#include "schema/codec.h"
#include "schema/upsert.h"
#include "schema/upsert_columns.h"

namespace dmp {
namespace {

// The arrays of a statement, filled row by row: every row adds one element to each, in order.
class Arrays {
 public:
  explicit Arrays(std::size_t count) : arrays_(count) {}

  void begin_row() { at_ = 0; }
  void put(const std::string& text) { next().add(text); }
  void put(std::string_view text) { next().add(text); }
  void put(std::int64_t number) { next().add(number); }
  void put(std::int32_t number) { next().add(std::int64_t{number}); }
  void put(bool flag) { next().add_flag(flag); }
  void put(WallTime time) { next().add(time.us); }
  void put(Timestamp stamp) { next().add(stamp.us); }
  void put(const RaeSerial& rae) { next().add(rae.str()); }
  template <class Kind>
  void put(const UuidOf<Kind>& id) {
    if (id.is_nil()) return next().add_null();
    next().add(id.str());
  }
  template <class Enum>
  void put(const Known<Enum>& known) {
    next().add(enum_name(known.value));
    next().add(known.text);
  }
  template <class Element>
  void put(const std::vector<Element>& list) {
    next().add(list.empty() ? std::string("[]") : encode(list));
  }

  void take_into(std::vector<std::string>& out) {
    for (ArrayLiteral& array : arrays_) out.push_back(array.take());
  }

 private:
  ArrayLiteral& next() { return arrays_[at_++]; }
  std::vector<ArrayLiteral> arrays_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<std::string> update_parameters(const UpdateRows& rows, FacetSet facets, int decoder) {
  std::vector<std::string> parameters = {std::to_string(decoder)};
  Arrays sessions(session_columns(facets).size());
  for (const SessionRow& row : rows.sessions) {
    sessions.begin_row();
    sessions.put(row.rae);
    sessions.put(row.session);
    sessions.put(row.seen_at);
    sessions.put(row.ended_at);
    sessions.put(row.end_reason);
    std::size_t number = 0;
    each_facet(row.facets, [&](FacetNames, const auto& facet) {
      if (!facets[number++]) return;
      static const typename std::decay_t<decltype(facet)>::value_type kAbsent;
      const auto& value = facet ? *facet : kAbsent;
      sessions.put(value.timestamp);
      sessions.put(value.observed_at);
      sessions.put(value.source);
      std::decay_t<decltype(value.fields)>::each(
          value.fields, [&](FieldNames, const auto& field) { sessions.put(field); });
    });
  }
  sessions.take_into(parameters);
  Arrays events(kEventColumns.size());
  for (const EventRow& row : rows.events) {
    events.begin_row();
    events.put(row.rae);
    events.put(row.session);
    events.put(row.timestamp);
    events.put(enum_name(row.kind));
    events.put(row.reason);
    events.put(row.facets);
    events.put(row.received_at);
  }
  events.take_into(parameters);
  return parameters;
}

std::vector<std::string> agent_parameters(const AgentRows& rows, int decoder) {
  std::vector<std::string> parameters = {std::to_string(decoder)};
  Arrays raes(kRaeColumns.size());
  for (const RaeRow& row : rows.raes) {
    raes.begin_row();
    raes.put(row.rae);
    raes.put(row.presence.timestamp);
    raes.put(row.presence.status);
    raes.put(row.presence.agent_version);
    raes.put(row.last_heard_at);
    raes.put(row.bridge);
    raes.put(row.roster_at);
  }
  raes.take_into(parameters);
  Arrays seen(kSeenColumns.size());
  for (const SeenRow& row : rows.seen) {
    seen.begin_row();
    seen.put(row.rae);
    seen.put(row.session);
    seen.put(row.seen_at);
  }
  seen.take_into(parameters);
  Arrays bridges(kBridgeColumns.size());
  for (const BridgeRow& row : rows.bridges) {
    bridges.begin_row();
    bridges.put(row.bridge);
    bridges.put(row.sent_at);
  }
  bridges.take_into(parameters);
  return parameters;
}

std::vector<std::string> floor_parameters(const std::vector<RaeSerial>& raes) {
  std::vector<std::string> parameters;
  Arrays array(1);
  for (const RaeSerial& rae : raes) {
    array.begin_row();
    array.put(rae);
  }
  array.take_into(parameters);
  return parameters;
}

std::vector<std::string> beat_parameters(const std::vector<Beat>& beats) {
  std::vector<std::string> parameters;
  Arrays arrays(kBeatColumns.size());
  for (const Beat& beat : beats) {
    arrays.begin_row();
    arrays.put(beat.topic);
    arrays.put(beat.partition);
    arrays.put(beat.behind_ms);
  }
  arrays.take_into(parameters);
  return parameters;
}

}  // namespace dmp
