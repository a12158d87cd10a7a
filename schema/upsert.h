// Upsert: the statements that store what RAEs say, and the rows they take.
//
// The text is made from schema/facets.h, so a new field needs no SQL here. Each statement stores a
// whole batch at once and may be repeated: rows only ever rise (greatest stamp per facet), so that
// order, duplicates and replays do not matter, and a replay writes no row at all.
//
// Rows of one batch must have distinct primary keys (fold first); they may be in any order.
// Pure. Parameters are array literals, one per column, for `unnest`.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "schema/messages.h"

namespace dmp {

// The number of this version's decoder. Raise it when the codec reads a field it did not read
// before: rows read by a lower one are then rewritten by the next message with the same stamps.
inline constexpr int kDecoder = 1;

// A device session as one batch knows it: per facet the greatest stamp.
struct SessionRow {
  RaeSerial rae;
  SessionId session;
  Timestamp seen_at;   // greatest stamp of a message
  Timestamp ended_at;  // unset: not ended
  std::string end_reason;
  Facets facets;

  bool operator==(const SessionRow&) const = default;
};

// One change or ended message, for the history.
struct EventRow {
  RaeSerial rae;
  SessionId session;
  Timestamp timestamp;
  UpdateKind kind = UpdateKind::kChange;
  std::string reason;
  std::string facets;  // JSON object, as received
  WallTime received_at;

  bool operator==(const EventRow&) const = default;
};

struct UpdateRows {
  std::vector<SessionRow> sessions;
  std::vector<EventRow> events;
};

// What a batch says about a RAE itself. Of presences the one with the greatest (timestamp,
// last_heard_at) counts.
struct RaeRow {
  RaeSerial rae;
  AgentPresence presence;  // timestamp unset: only rosters
  WallTime last_heard_at;
  std::string bridge;
  Timestamp roster_at;

  bool operator==(const RaeRow&) const = default;
};

// A session listed in a roster with this stamp.
struct SeenRow {
  RaeSerial rae;
  SessionId session;
  Timestamp seen_at;

  bool operator==(const SeenRow&) const = default;
};

// The greatest stamps the database holds of a RAE; 1: none.
struct RaeFloor {
  RaeSerial rae;
  Timestamp floor;     // of all it said
  Timestamp presence;  // of its presence

  bool operator==(const RaeFloor&) const = default;
};

struct BridgeRow {
  std::string bridge;
  WallTime sent_at;

  bool operator==(const BridgeRow&) const = default;
};

struct AgentRows {
  std::vector<RaeRow> raes;
  std::vector<SeenRow> seen;
  std::vector<BridgeRow> bridges;
};

// How far behind the consumer of a partition is.
struct Beat {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t behind_ms = 0;

  bool operator==(const Beat&) const = default;
};

// Which facets: bit i is the i-th of DMP_FACETS.
#define DMP_COUNT_FACET(Type, name, table) +1
using FacetSet = std::bitset<DMP_FACETS(DMP_COUNT_FACET)>;
#undef DMP_COUNT_FACET

// Answers one row of the numbers of rows written: sessions, states, events. What is stored is the
// same whichever `facets` the statement is made for, as long as they are all that the rows have.
std::string update_statement(FacetSet facets);
std::vector<std::string> update_parameters(const UpdateRows& rows, FacetSet facets,
                                           int decoder = kDecoder);

// The sets there are statements for, each before any that contains it; the last is all. They are
// few because the server keeps a plan of each per connection.
std::vector<FacetSet> update_facet_sets();
// The first of them that has all the facets of these rows.
FacetSet facets_for(const UpdateRows& rows);

// raes, states, bridges, and by commas the RAEs whose presence or roster is older than the stored
// one.
std::string agent_statement();
std::vector<std::string> agent_parameters(const AgentRows& rows, int decoder = kDecoder);

// Beats; always written.
std::string beat_statement();
std::vector<std::string> beat_parameters(const std::vector<Beat>& beats);

// A row per RAE: rae, floor, presence. Parameter: its serial as an array.
std::string floor_statement();
std::vector<std::string> floor_parameters(const std::vector<RaeSerial>& raes);

// The columns a facet has in its table, in the order of its description, without their types:
// stamp, observed_at, source, fields.
struct FacetColumns {
  std::string table;
  std::string facet;
  std::vector<std::string> names;
  std::vector<std::string> types;  // SQL types, by name
};
std::vector<FacetColumns> facet_columns();

}  // namespace dmp
