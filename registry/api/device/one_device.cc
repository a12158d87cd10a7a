#include "registry/api/device/one_device.h"

#include <chrono>

#include "base/log.h"
#include "registry/api/item/item.h"
#include "registry/api/query/etag.h"
#include "registry/api/sql/reading.h"
#include "registry/api/sql/statements.h"
#include "registry/api/text.h"

namespace dmp::registry::api {
namespace {

constexpr std::string_view kAction = "PATCH /v1/devices/{device_id}";
// How often a write is tried that somebody else's comes before.
constexpr int kTriesMax = 4;

// A device with all its sessions, as it is shown.
struct Device {
  std::string body;
  std::int64_t revision = 0;
  bool provisional = false;
  bool from_memory = false;

  [[nodiscard]] std::string etag() const { return etag_of(std::to_string(revision), body); }
};

Device to_device(const Rows& items) {
  JsonWriter json;
  json.begin_object();
  write_item(Cells(items, 0), json);
  json.key("sessions").begin_array();
  for (std::size_t row = 0; row < items.size(); ++row) write_session(items, row, json);
  json.end_array().end_object();
  Device device;
  device.body = std::move(json).take();
  device.revision = to_integer(items.at(0, item_column("revision"))).value_or(0);
  device.provisional = is_true(items.at(0, item_column("provisional")));
  return device;
}

Answer<Device> read_device(const DeviceId& device_id, const Scope& scope, Reader& reader) {
  const auto rows = read(reader, device_sessions(device_id, scope));
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return tl::unexpected(no_such_device(device_id.str()));
  return to_device(*rows);
}

Answer<Device> find_device(const DeviceId& device_id, const Scope& scope, Reader& reader,
                           Replica* replica) {
  if (replica != nullptr) {
    const auto sessions = replica->device(device_id, scope, std::chrono::steady_clock::now());
    if (sessions) {
      Device device = to_device(*sessions);
      device.from_memory = true;
      return device;
    }
  }
  return read_device(device_id, scope, reader);
}

HttpResponse to_response(Device device, std::string etag) {
  HttpResponse response{.from_memory = device.from_memory};
  response.headers.emplace_back("ETag", std::move(etag));
  response.body = std::move(device.body);
  return response;
}

std::string_view name_of(Role role) {
  static constexpr std::string_view kNames[] = {"viewer", "operator", "admin"};
  return kNames[static_cast<std::size_t>(role)];
}

// The patch as the audit keeps it.
std::string text_of(const DevicePatch& patch) {
  JsonWriter json;
  json.begin_object();
  if (!patch.labels.empty() || !patch.removed_labels.empty()) {
    json.key("labels").begin_object();
    for (const auto& [key, value] : patch.labels) json.key(key).string(value);
    for (const std::string& key : patch.removed_labels) json.key(key).null();
    json.end_object();
  }
  if (patch.note) json.key("note").string(*patch.note);
  if (patch.hold && !*patch.hold) json.key("hold").null();
  if (patch.hold && *patch.hold) {
    json.key("hold").begin_object().key("reason").string((*patch.hold)->reason);
    if ((*patch.hold)->until_us != 0) json.key("until_at").integer((*patch.hold)->until_us);
    json.end_object();
  }
  return std::move(json.end_object()).take();
}

class Patch {
 public:
  Patch(const PatchQuery& query, const Principal& principal, const Scope& scope, Database& database)
      : query_(query),
        scope_(scope),
        database_(database),
        role_(principal.role),
        deed_{principal.subject, std::string(name_of(principal.role)), std::string(kAction),
              query.device_id.str(), text_of(query.patch)} {}

  Answer<HttpResponse> run() {
    const auto done = apply();
    if (!done) {
      // What failed was not refused.
      if (done.error().status < 500) audit(done.error().code);
      return tl::unexpected(done.error());
    }
    auto device = read_device(query_.device_id, scope_, database_);
    if (!device) return tl::unexpected(device.error());
    std::string etag = device->etag();
    return to_response(std::move(*device), std::move(etag));
  }

 private:
  Answer<void> apply() {
    if (role_ == Role::kViewer) {
      return tl::unexpected(forbidden("a viewer only reads; ask for the role operator"));
    }
    // Who was beaten reads again: If-Match may allow the new revision too.
    for (int tries = 0; tries < kTriesMax; ++tries) {
      const auto written = try_write();
      if (!written) return tl::unexpected(written.error());
      if (*written) return {};
    }
    return tl::unexpected(conflict("contended", "Others keep changing the device",
                                   "each of " + std::to_string(kTriesMax) +
                                       " tries was beaten by another write; nothing of this one "
                                       "was done, send it again in a second"));
  }

  // False: somebody was faster.
  Answer<bool> try_write() {
    const auto device = read_device(query_.device_id, scope_, database_);
    if (!device) return tl::unexpected(device.error());
    if (device->provisional) {
      return tl::unexpected(
          conflict("provisional", "The device's identity is not final",
                   "the device is still being probed and may get another device_id; labels, note "
                   "and hold would be lost with this one. Come back when identity.provisional is "
                   "false"));
    }
    if (!allows(query_.if_match, device->revision)) return changed(device->revision);
    if (auto checked = check(); !checked) return tl::unexpected(checked.error());
    const auto rows = database_.write(
        patch_device(query_.device_id, query_.patch, device->revision, deed_, scope_));
    if (!rows) {
      log_error("api_write_failed", {{"code", rows.error().code}, {"error", rows.error().message}});
      return tl::unexpected(from_error(rows.error()));
    }
    return !rows->empty();
  }

  [[nodiscard]] tl::unexpected<Problem> changed(std::int64_t revision) const {
    return tl::unexpected(precondition_failed(
        "the device is at revision " + std::to_string(revision) + " or later, If-Match says " +
        shown(query_.if_match) + "; read it again and decide anew"));
  }

  Answer<void> check() {
    const auto rows = read(database_, patch_check(query_.device_id, query_.patch, scope_));
    if (!rows) return tl::unexpected(rows.error());
    if (rows->empty()) return tl::unexpected(no_such_device(query_.device_id.str()));
    const auto& hold = query_.patch.hold;
    const std::int64_t until_us = hold && *hold ? (*hold)->until_us : 0;
    if (until_us != 0 && until_us <= to_integer(rows->at(0, 0)).value_or(0)) {
      return tl::unexpected(bad_body("hold.until_at",
                                     "hold.until_at is in the past; give a time "
                                     "to come, or leave it out"));
    }
    if (to_integer(rows->at(0, 1)).value_or(0) > kLabelsPerDeviceMax) {
      return tl::unexpected(
          bad_body("labels", "the device would have " + std::string(rows->at(0, 1)) +
                                 " labels; at most " + std::to_string(kLabelsPerDeviceMax)));
    }
    return {};
  }

  void audit(const std::string& outcome) {
    const auto rows = database_.write(audit_refusal(deed_, outcome));
    if (rows && !rows->empty()) return;
    log_error("api_audit_left_out",
              {{"subject", deed_.subject},
               {"action", deed_.action},
               {"target", deed_.target},
               {"outcome", outcome},
               {"error",
                rows ? "too many refusals to the subject within a minute" : rows.error().message}});
  }

  const PatchQuery& query_;
  const Scope& scope_;
  Database& database_;
  const Role role_;
  const Deed deed_;
};

}  // namespace

Answer<HttpResponse> answer_device(const DeviceQuery& query, const Scope& scope, Reader& reader,
                                   Replica* replica) {
  auto device = find_device(query.device_id, scope, reader, replica);
  if (!device) return tl::unexpected(device.error());
  std::string etag = device->etag();
  if (!names(query.if_none_match, etag)) return to_response(std::move(*device), std::move(etag));
  HttpResponse unchanged{.status = 304, .from_memory = device->from_memory};
  unchanged.headers.emplace_back("ETag", std::move(etag));
  return unchanged;
}

Answer<HttpResponse> answer_patch(const PatchQuery& query, const Principal& principal,
                                  const Scope& scope, Database& database) {
  return Patch(query, principal, scope, database).run();
}

}  // namespace dmp::registry::api
