// Bytes to messages. A Decoder keeps the first error it meets and lets the rest of the walk run:
// one exit per message instead of one per field.
#include <concepts>
#include <nlohmann/json.hpp>

#include "schema/codec.h"
#include "schema/facets_text.h"
#include "schema/fast_decode.h"
#include "schema/message_bounds.h"

namespace dmp {
namespace {

using Json = nlohmann::json;

std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  return text;
}

class Decoder {
 public:
  [[nodiscard]] bool good() const { return !error_; }
  [[nodiscard]] const Error& error() const { return *error_; }

  void refuse(std::string_view code, std::string message) {
    if (!error_) error_ = Error{std::string(code), std::move(message)};
  }

  void refuse_field(const std::string& path, const Json& value, std::string_view expected) {
    refuse("bad_field", path + ": expected " + std::string(expected) + ", got " + shown(value));
  }

  // The member, or null after refusing if it must be there.
  const Json* member(const Json& object, std::string_view name, const std::string& path,
                     bool required) {
    const auto found = object.find(name);
    if (found != object.end() && !found->is_null()) return &*found;
    if (required) refuse("missing_field", path + std::string(name) + ": is missing");
    return nullptr;
  }

  void read(const Json& value, const std::string& path, std::string& out) {
    const auto* text = value.get_ptr<const std::string*>();
    if (text == nullptr) return refuse_field(path, value, "a string");
    if (text->size() > Limits::kStringBytes) {
      return refuse_field(path, value, "at most 256 bytes");
    }
    if (text->find('\0') != std::string::npos) return refuse_field(path, value, "no NUL");
    out = *text;
  }

  void read(const Json& value, const std::string& path, bool& out) {
    if (!value.is_boolean()) return refuse_field(path, value, "true or false");
    out = value.get<bool>();
  }

  void read(const Json& value, const std::string& path, std::int32_t& out) {
    std::int64_t wide = 0;
    if (!read_integer(value, 0, 65535, wide)) {
      return refuse_field(path, value, "a whole number from 0 to 65535");
    }
    out = static_cast<std::int32_t>(wide);
  }

  void read_time(const Json& value, const std::string& path, std::int64_t& out) {
    if (!read_integer(value, 1, kTimeLimit - 1, out)) {
      refuse_field(path, value, "microseconds as a whole number from 1 to 2^53-1");
    }
  }
  void read(const Json& value, const std::string& path, WallTime& out) {
    read_time(value, path, out.us);
  }
  void read(const Json& value, const std::string& path, Timestamp& out) {
    read_time(value, path, out.us);
  }

  template <class Kind>
  void read(const Json& value, const std::string& path, UuidOf<Kind>& out) {
    std::string text;
    read(value, path, text);
    if (!good() || text.empty()) return;
    const auto parsed = UuidOf<Kind>::parse(text);
    if (!parsed) return refuse_field(path, value, "a UUID");
    out = *parsed;
  }

  template <class Enum>
  void read(const Json& value, const std::string& path, Known<Enum>& out) {
    std::string word;
    read(value, path, word);
    if (good()) out = word.empty() ? Known<Enum>() : Known<Enum>::parse(word);
  }

  template <class Element>
  void read(const Json& value, const std::string& path, std::vector<Element>& out,
            std::size_t items_max = Limits::kArrayItems) {
    if (!value.is_array()) return refuse_field(path, value, "an array");
    if (value.size() > items_max) {
      return refuse_field(path, value, "at most " + std::to_string(items_max) + " items");
    }
    out.reserve(value.size());
    for (std::size_t i = 0; i < value.size() && good(); ++i) {
      read(value[i], path + "[" + std::to_string(i) + "]", out.emplace_back());
    }
  }

  template <class Element>
  requires requires(Element& e) {
    Element::each(e, [](auto, auto&) {});
  }
  void read(const Json& value, const std::string& path, Element& out) {
    if (!value.is_object()) return refuse_field(path, value, "an object");
    Element::each(out, [&](std::string_view name, auto& field) {
      this->field(value, name, field, false, path + ".");
    });
  }

  void read(const Json& value, const std::string& path, Refusal& out) {
    if (!value.is_object()) return refuse_field(path, value, "an object");
    field(value, "correlation", out.correlation, true, path + ".");
    field(value, "code", out.code, true, path + ".");
  }

  template <class Fields>
  void read_facet(const Json& value, const std::string& path, Facet<Fields>& out) {
    if (!value.is_object()) return refuse_field(path, value, "an object");
    field(value, "timestamp", out.timestamp, true, path + ".");
    field(value, "observed_at", out.observed_at, false, path + ".");
    field(value, "source", out.source, false, path + ".");
    Fields::each(out.fields, [&](FieldNames names, auto& field) {
      if (const Json* found = member(value, names.json, path + ".", false)) {
        read(*found, path + "." + std::string(names.json), field);
      }
    });
  }

  void read_facets(const Json& value, Facets& out) {
    if (!value.is_object()) return refuse_field("facets", value, "an object");
    each_facet(out, [&](FacetNames names, auto& facet) {
      if (const Json* found = member(value, names.name, "facets.", false)) {
        read_facet(*found, "facets." + std::string(names.name), facet.emplace());
      }
    });
  }

  // A member of the object at `path`; by default of the message itself.
  template <class Value>
  void field(const Json& object, std::string_view name, Value& out, bool required = true,
             const std::string& path = "") {
    if (const Json* found = member(object, name, path, required)) {
      read(*found, path + std::string(name), out);
    }
  }

  // RAE and session come from the topic; a payload that names others is not ours to believe.
  void same_address(const Json& message, std::string_view name, const std::string& expected) {
    const Json* found = member(message, name, "", false);
    if (found == nullptr || (found->is_string() && *found == expected)) return;
    refuse("wrong_address", std::string(name) + ": the payload says " + shown(*found) +
                                ", its topic says '" + expected + "'");
  }

 private:
  static bool read_integer(const Json& value, std::int64_t least, std::int64_t most,
                           std::int64_t& out) {
    if (!value.is_number_integer()) return false;
    if (value.is_number_unsigned() &&
        value.get<std::uint64_t>() > static_cast<std::uint64_t>(most)) {
      return false;
    }
    out = value.get<std::int64_t>();
    return out >= least && out <= most;
  }

  std::optional<Error> error_;
};

Result<Json> parse_object(std::string_view bytes) {
  if (auto status = check_bounds(bytes); !status) return tl::unexpected(status.error());
  Json message = Json::parse(bytes, nullptr, false);
  if (message.is_discarded()) return fail("not_json", "the message is not valid JSON in UTF-8");
  if (!message.is_object()) return fail("not_json", "the message is not a JSON object");
  return message;
}

// Parses, checks the schema number, lets `read` fill a Message.
template <class Message, class Read>
Result<Message> decode_message(std::string_view bytes, Read&& read) {
  const auto parsed = parse_object(bytes);
  if (!parsed) return tl::unexpected(parsed.error());
  Decoder decoder;
  if (const Json* schema = decoder.member(*parsed, "schema", "", true)) {
    if (*schema != kSchema || !schema->is_number_integer()) {
      decoder.refuse("unknown_schema", "schema: this program reads " + std::to_string(kSchema) +
                                           ", got " + shown(*schema));
    }
  }
  Message message;
  if (decoder.good()) read(decoder, *parsed, message);
  if (!decoder.good()) return tl::unexpected(decoder.error());
  return message;
}

void read_kind(Decoder& decoder, const Json& message, UpdateKind& out) {
  std::string kind;
  decoder.field(message, "kind", kind);
  if (!decoder.good()) return;
  if (kind == "change") return void(out = UpdateKind::kChange);
  if (kind == "snapshot") return void(out = UpdateKind::kSnapshot);
  if (kind == "ended") return void(out = UpdateKind::kEnded);
  decoder.refuse("bad_field", "kind: expected change, snapshot or ended, got '" + kind + "'");
}

void check_update(Decoder& decoder, const DeviceUpdate& update) {
  each_facet(update.facets, [&](FacetNames names, const auto& facet) {
    if (facet && facet->timestamp > update.timestamp) {
      decoder.refuse("bad_field", "facets." + std::string(names.name) +
                                      ".timestamp: is later than the message's own timestamp");
    }
  });
  if (update.kind != UpdateKind::kEnded) return;
  for (const std::string_view reason : kEndReasons) {
    if (update.reason == reason) return;
  }
  decoder.refuse("bad_field", "reason: expected removed, merged, expired or replaced, got '" +
                                  update.reason + "'");
}

void read_command_id(Decoder& decoder, const Json& message, std::string& out) {
  decoder.field(message, "command_id", out);
  if (decoder.good() && out.empty()) decoder.refuse("bad_field", "command_id: is empty");
}

}  // namespace

Result<DeviceUpdate> decode_update(std::string_view bytes, const RaeSerial& rae,
                                   const SessionId& session) {
  auto read = read_update(bytes, rae, session);
  if (!read) return tl::unexpected(read.error());
  return std::move(read->update);
}

Result<ReadUpdate> read_update(std::string_view bytes, const RaeSerial& rae,
                               const SessionId& session) {
  if (auto read = fast_read_update(bytes, rae.str(), session)) return std::move(*read);
  auto update = slow_decode_update(bytes, rae, session);
  if (!update) return tl::unexpected(update.error());
  return ReadUpdate{std::move(*update), facets_text(bytes)};
}

Result<DeviceUpdate> slow_decode_update(std::string_view bytes, const RaeSerial& rae,
                                        const SessionId& session) {
  return decode_message<DeviceUpdate>(
      bytes, [&](Decoder& decoder, const Json& json, DeviceUpdate& update) {
        decoder.same_address(json, "rae", rae.str());
        decoder.same_address(json, "device_session_id", session.str());
        read_kind(decoder, json, update.kind);
        decoder.field(json, "timestamp", update.timestamp);
        decoder.field(json, "reason", update.reason, false);
        const bool required = update.kind != UpdateKind::kEnded;
        if (const Json* facets = decoder.member(json, "facets", "", required)) {
          decoder.read_facets(*facets, update.facets);
        }
        if (decoder.good()) check_update(decoder, update);
      });
}

Result<AgentPresence> decode_agent_presence(std::string_view bytes, const RaeSerial& rae) {
  return decode_message<AgentPresence>(
      bytes, [&](Decoder& decoder, const Json& json, AgentPresence& presence) {
        decoder.same_address(json, "rae", rae.str());
        decoder.field(json, "timestamp", presence.timestamp);
        decoder.field(json, "status", presence.status);
        decoder.field(json, "agent_version", presence.agent_version, false);
      });
}

Result<Roster> decode_roster(std::string_view bytes, const RaeSerial& rae) {
  return decode_message<Roster>(bytes, [&](Decoder& decoder, const Json& json, Roster& roster) {
    decoder.same_address(json, "rae", rae.str());
    decoder.field(json, "timestamp", roster.timestamp);
    if (const Json* sessions = decoder.member(json, "sessions", "", true)) {
      decoder.read(*sessions, "sessions", roster.sessions, Limits::kRosterSessions);
    }
    for (const SessionId& session : roster.sessions) {
      if (session.is_nil()) decoder.refuse("bad_field", "sessions: holds an empty or nil session");
    }
  });
}

Result<Confirm> decode_confirm(std::string_view bytes) {
  return decode_message<Confirm>(bytes, [](Decoder& decoder, const Json& json, Confirm& confirm) {
    constexpr std::size_t kCorrelationsMax = 4096;
    decoder.field(json, "sent_at", confirm.sent_at);
    if (const Json* stored = decoder.member(json, "stored", "", true)) {
      decoder.read(*stored, "stored", confirm.stored, kCorrelationsMax);
    }
    if (const Json* refused = decoder.member(json, "refused", "", true)) {
      decoder.read(*refused, "refused", confirm.refused, kCorrelationsMax);
    }
  });
}

Result<Resync> decode_resync(std::string_view bytes) {
  return decode_message<Resync>(bytes, [](Decoder& decoder, const Json& json, Resync& resync) {
    decoder.field(json, "sent_at", resync.sent_at);
    decoder.field(json, "floor", resync.floor);
    decoder.field(json, "presence", resync.presence);
  });
}

Result<CommandReply> decode_command_reply(std::string_view bytes) {
  return decode_message<CommandReply>(bytes,
                                      [](Decoder& decoder, const Json& json, CommandReply& reply) {
                                        read_command_id(decoder, json, reply.command_id);
                                        decoder.field(json, "timestamp", reply.timestamp);
                                        decoder.field(json, "state", reply.state);
                                        decoder.field(json, "code", reply.code, false);
                                        decoder.field(json, "message", reply.message, false);
                                      });
}

Result<std::string> decode_command_id(std::string_view bytes) {
  return decode_message<std::string>(bytes, read_command_id);
}

Result<BridgeHeartbeat> decode_bridge_heartbeat(std::string_view bytes) {
  return decode_message<BridgeHeartbeat>(
      bytes, [](Decoder& decoder, const Json& json, BridgeHeartbeat& heartbeat) {
        decoder.field(json, "sent_at", heartbeat.sent_at);
        decoder.field(json, "bridge", heartbeat.bridge);
      });
}

Result<Facets> decode_facets(std::string_view bytes) {
  const auto parsed = parse_object(bytes);
  if (!parsed) return tl::unexpected(parsed.error());
  Decoder decoder;
  Facets facets;
  decoder.read_facets(*parsed, facets);
  if (!decoder.good()) return tl::unexpected(decoder.error());
  return facets;
}

}  // namespace dmp
