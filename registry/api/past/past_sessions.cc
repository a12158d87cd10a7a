#include "registry/api/past/past_sessions.h"

#include <limits>
#include <map>
#include <tuple>

#include "registry/api/item/facets_json.h"
#include "registry/api/sql/reading.h"
#include "registry/api/text.h"
#include "schema/codec.h"

namespace dmp::registry::api {
namespace {

constexpr std::int64_t kEver = std::numeric_limits<std::int64_t>::max();

using MomentKey = std::tuple<std::string, std::string, std::int64_t>;  // RAE, session, stamp

// The facets of facets_before, by the key each was asked for.
std::map<MomentKey, Facets> facets_by_key(const Rows& rows) {
  std::map<MomentKey, Facets> all;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto found = decode_facets(rows.at(i, 3));
    if (!found) continue;
    Facets& known = all[{std::string(rows.at(i, 0)), std::string(rows.at(i, 1)),
                         to_integer(rows.at(i, 4)).value_or(0)}];
#define DMP_TAKE_FACET(Type, name, table) \
  if (rows.at(i, 2) == #name) known.name = found->name;
    DMP_FACETS(DMP_TAKE_FACET)
#undef DMP_TAKE_FACET
  }
  return all;
}

// Up to and with the stamp.
std::int64_t behind(std::int64_t stamp) { return stamp == kEver ? stamp : stamp + 1; }

Answer<void> read_moments(const Scope& scope, Reader& reader, DevicePast& device) {
  std::vector<EventKey> keys;
  for (std::size_t i = 0; i < device.sessions.size(); ++i) {
    const SessionPast& session = device.sessions[i];
    if (session.newest_stamp == 0) continue;
    keys.push_back({session.rae, session.session, std::to_string(kEver)});
    for (const Moment& moment : device.moments[i]) {
      if (moment.stamp == 0) continue;
      keys.push_back({session.rae, session.session, std::to_string(behind(moment.stamp))});
    }
  }
  if (keys.empty()) return {};
  const auto rows = read(reader, facets_before(keys, scope));
  if (!rows) return tl::unexpected(rows.error());
  const auto facets = facets_by_key(*rows);
  const auto of = [&](const SessionPast& session, std::int64_t stamp) {
    const auto found = facets.find({session.rae, session.session, stamp});
    return found == facets.end() ? Facets() : found->second;
  };
  for (std::size_t i = 0; i < device.sessions.size(); ++i) {
    const SessionPast& session = device.sessions[i];
    for (Moment& moment : device.moments[i]) {
      if (moment.stamp != 0) moment.said = of(session, behind(moment.stamp));
      moment.said_last = of(session, kEver);
    }
  }
  return {};
}

}  // namespace

Answer<DevicePast> read_past(const DeviceId& device_id, const std::vector<std::int64_t>& times_us,
                             const Retention& retention, const Scope& scope, Reader& reader) {
  const auto rows = read(reader, device_past(device_id, times_us, scope));
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return tl::unexpected(no_such_device(device_id.str()));
  DevicePast device;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    Cells cells(*rows, i);
    const auto number = [&] { return to_integer(cells.next()).value_or(0); };
    device.now_us = number();
    SessionPast& session = device.sessions.emplace_back();
    session.rae = cells.next();
    session.session = cells.next();
    session.began_us = number();
    session.ended_stamp = number();
    session.visible = is_true(cells.next());
    session.newest_stamp = number();
    const std::int64_t events = number();
    const std::int64_t oldest_us = number();
    for (Moment& moment : device.moments.emplace_back(times_us.size())) moment.stamp = number();
    // The registry's clock and the bridge's are not the same.
    if (events > 0) session.began_us = std::min(session.began_us, oldest_us);
    session.known_from_us =
        known_from(retention, device.now_us, session.began_us, events, oldest_us);
    auto stored = read_facets(cells);
    if (!stored) return tl::unexpected(internal());
    session.stored = std::move(*stored);
  }
  if (auto done = read_moments(scope, reader, device); !done) return tl::unexpected(done.error());
  return device;
}

}  // namespace dmp::registry::api
