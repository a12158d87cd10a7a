// Messages to bytes. Decoding is decode.cc.
#include "schema/codec.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "schema/fast_encode.h"

namespace dmp {
namespace {

// Keeps the order of the description, so that a message reads like its documentation.
using Json = nlohmann::ordered_json;

void put(Json& object, std::string_view name, const std::string& text) {
  if (!text.empty()) object[std::string(name)] = text;
}
void put(Json& object, std::string_view name, bool flag) { object[std::string(name)] = flag; }
void put(Json& object, std::string_view name, std::int32_t number) {
  if (number != 0) object[std::string(name)] = number;
}
void put(Json& object, std::string_view name, WallTime time) {
  if (time.us != 0) object[std::string(name)] = time.us;
}
template <class Kind>
void put(Json& object, std::string_view name, const UuidOf<Kind>& id) {
  if (!id.is_nil()) object[std::string(name)] = id.str();
}
template <class Enum>
void put(Json& object, std::string_view name, const Known<Enum>& known) {
  object[std::string(name)] = known.word();
}

template <class Element>
Json list_of(const std::vector<Element>& elements);

template <class Element>
void put(Json& object, std::string_view name, const std::vector<Element>& elements) {
  if (!elements.empty()) object[std::string(name)] = list_of(elements);
}

Json to_json(const std::string& text) { return text; }

template <class Element>
Json to_json(const Element& element) {
  Json object = Json::object();
  Element::each(element,
                [&](std::string_view name, const auto& field) { put(object, name, field); });
  return object;
}

template <class Element>
Json list_of(const std::vector<Element>& elements) {
  Json array = Json::array();
  for (const Element& element : elements) array.push_back(to_json(element));
  return array;
}

template <class Fields>
Json facet_json(const Facet<Fields>& facet) {
  Json object = Json::object();
  object["timestamp"] = facet.timestamp.us;
  put(object, "observed_at", facet.observed_at);
  put(object, "source", facet.source);
  Fields::each(facet.fields,
               [&](FieldNames names, const auto& field) { put(object, names.json, field); });
  return object;
}

Json facets_json(const Facets& facets) {
  Json object = Json::object();
  each_facet(facets, [&](FacetNames names, const auto& facet) {
    if (facet) object[std::string(names.name)] = facet_json(*facet);
  });
  return object;
}

// What cannot be UTF-8 is replaced, so that encoding never fails: the agent learns names from
// devices, and devices lie.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class Element>
std::string encode_list(const std::vector<Element>& elements) {
  if (auto text = fast_encode(elements)) return std::move(*text);
  return dump(list_of(elements));
}

}  // namespace

std::string encode(const DeviceUpdate& update) {
  if (auto text = fast_encode(update)) return std::move(*text);
  Json json = {{"schema", kSchema}, {"kind", enum_name(update.kind)}};
  json["timestamp"] = update.timestamp.us;
  json["facets"] = facets_json(update.facets);
  put(json, "reason", update.reason);
  return dump(json);
}

std::string encode(const AgentPresence& presence) {
  Json json = {{"schema", kSchema}, {"timestamp", presence.timestamp.us}};
  put(json, "status", presence.status);
  put(json, "agent_version", presence.agent_version);
  return dump(json);
}

std::string encode(const Roster& roster) {
  Json json = {{"schema", kSchema}, {"timestamp", roster.timestamp.us}};
  json["sessions"] = Json::array();
  for (const SessionId& session : roster.sessions) json["sessions"].push_back(session.str());
  return dump(json);
}

std::string encode(const Confirm& confirm) {
  if (auto text = fast_encode(confirm)) return std::move(*text);
  Json json = {{"schema", kSchema}, {"sent_at", confirm.sent_at.us}};
  json["stored"] = confirm.stored;
  json["refused"] = Json::array();
  for (const Refusal& refusal : confirm.refused) {
    json["refused"].push_back({{"correlation", refusal.correlation}, {"code", refusal.code}});
  }
  return dump(json);
}

std::string encode(const Resync& resync) {
  return dump(Json{{"schema", kSchema},
                   {"sent_at", resync.sent_at.us},
                   {"floor", resync.floor.us},
                   {"presence", resync.presence.us}});
}

std::string encode(const CommandReply& reply) {
  Json json = {{"schema", kSchema}};
  put(json, "command_id", reply.command_id);
  json["timestamp"] = reply.timestamp.us;
  put(json, "state", reply.state);
  put(json, "code", reply.code);
  put(json, "message", reply.message);
  return dump(json);
}

std::string encode(const BridgeHeartbeat& heartbeat) {
  Json json = {{"schema", kSchema}, {"sent_at", heartbeat.sent_at.us}};
  put(json, "bridge", heartbeat.bridge);
  return dump(json);
}

std::string encode(const Facets& facets) {
  if (auto text = fast_encode(facets)) return std::move(*text);
  return dump(facets_json(facets));
}
std::string encode(const std::vector<Claim>& claims) { return encode_list(claims); }
std::string encode(const std::vector<Interface>& interfaces) { return encode_list(interfaces); }
std::string encode(const std::vector<HealthReason>& reasons) { return encode_list(reasons); }

}  // namespace dmp
