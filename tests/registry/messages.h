// Messages and records for the registry's tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "registry/core/decode_record.h"
#include "schema/codec.h"
#include "schema/topics.h"

namespace dmp::registry {

inline RaeSerial rae_named(const std::string& serial) { return *RaeSerial::parse(serial); }

// The same number is the same session or device.
inline SessionId session_number(int number) {
  SessionId::Bytes bytes{};
  bytes[0] = static_cast<std::uint8_t>(number >> 8);
  bytes[1] = static_cast<std::uint8_t>(number);
  bytes[6] = 0x40;
  return SessionId(bytes);
}

inline DeviceId device_number(int number) {
  DeviceId::Bytes bytes{};
  bytes[0] = static_cast<std::uint8_t>(number >> 8);
  bytes[1] = static_cast<std::uint8_t>(number);
  bytes[6] = 0x50;
  return DeviceId(bytes);
}

inline Facet<Identity> identity_at(std::int64_t stamp, int device, const std::string& model) {
  Facet<Identity> facet;
  facet.timestamp = {stamp};
  facet.source = "roku-ecp";
  facet.fields.device_id = device_number(device);
  facet.fields.model = model;
  facet.fields.claims = {{"serial", "a\"b\\c{}", "roku-ecp", "high"}};
  return facet;
}

inline Facet<Software> software_at(std::int64_t stamp, const std::string& firmware) {
  Facet<Software> facet;
  facet.timestamp = {stamp};
  facet.source = "roku-ecp";
  facet.fields.firmware_version = firmware;
  return facet;
}

inline Facet<Presence> presence_at(std::int64_t stamp, PresenceStatus status) {
  Facet<Presence> facet;
  facet.timestamp = {stamp};
  facet.source = "neighbour";
  facet.fields.status = status;
  return facet;
}

inline DeviceUpdate change_at(std::int64_t stamp, Facets facets) {
  return {UpdateKind::kChange, {stamp}, std::move(facets), {}};
}

inline DeviceUpdate snapshot_at(std::int64_t stamp, Facets facets) {
  return {UpdateKind::kSnapshot, {stamp}, std::move(facets), {}};
}

inline DeviceUpdate ended_at(std::int64_t stamp, const std::string& reason) {
  return {UpdateKind::kEnded, {stamp}, {}, reason};
}

inline UpdateNews news_of(const RaeSerial& rae, int session, DeviceUpdate update) {
  UpdateNews news{rae, session_number(session), std::move(update), {}, {}};
  news.facets = encode(news.update.facets);
  news.received_at = {news.update.timestamp.us + 1};
  return news;
}

// The record a bridge makes of a message.
inline Record record_of(std::string key, std::string value, std::string_view topic,
                        std::int64_t received_at) {
  Record record;
  record.partition = {topic, 0};
  record.key = std::move(key);
  record.value = std::move(value);
  record.timestamp_ms = received_at / 1000;
  record.headers = {{std::string(kafka::kReceivedAt), std::to_string(received_at)},
                    {std::string(kafka::kBridge), "bridge-1"}};
  return record;
}

inline Record update_record(const RaeSerial& rae, int session, const DeviceUpdate& update) {
  return record_of(device_topic(rae, session_number(session), TopicKind::kUpdate), encode(update),
                   kafka::kDeviceUpdates, update.timestamp.us + 1);
}

inline Record presence_record(const RaeSerial& rae, std::int64_t stamp, AgentStatus status,
                              std::int64_t received_at) {
  return record_of(agent_topic(rae, TopicKind::kPresence),
                   encode(AgentPresence{{stamp}, status, "1"}), kafka::kAgents, received_at);
}

}  // namespace dmp::registry
