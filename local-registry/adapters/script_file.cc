#include "local-registry/adapters/script_file.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <set>

#include <arpa/inet.h>

#include "local-registry/adapters/json_reader.h"
#include "local-registry/core/device_text.h"

namespace dmp::local {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kMsMax = std::int64_t{7} * 24 * 3'600'000;
constexpr int kWeightMax = 1000;

// The texts of a device that probes learn; the name in a script, the field of an Observation.
struct Text {
  const char* name;
  const char* field;
};
constexpr Text kTexts[] = {{"manufacturer", "identity.manufacturer"},
                           {"model", "identity.model"},
                           {"model_number", "identity.model_number"},
                           {"serial", "identity.serial"},
                           {"esn", "identity.esn"},
                           {"device_type", "identity.device_type"},
                           {"name", "identity.name"},
                           {"firmware", "software.firmware_version"},
                           {"os", "software.os_version"},
                           {"sdk", "software.sdk_version"},
                           {"app", "software.app_version"}};

// FNV-1a (Fowler, Noll, Vo), 64 bits.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  return hash;
}

// A MAC its owner chose for itself, the same for the same name.
std::string made_mac(const std::string& name) {
  const std::uint64_t hash = hash_of(name);
  char text[18];
  std::snprintf(text, sizeof text, "02:%02x:%02x:%02x:%02x:%02x",
                static_cast<unsigned>(hash & 0xff), static_cast<unsigned>(hash >> 8 & 0xff),
                static_cast<unsigned>(hash >> 16 & 0xff), static_cast<unsigned>(hash >> 24 & 0xff),
                static_cast<unsigned>(hash >> 32 & 0xff));
  return text;
}

std::string made_address(std::size_t index) {
  return "10.77." + std::to_string(index / 250) + "." + std::to_string(1 + index % 250);
}

bool is_ipv4(const std::string& text) {
  in_addr raw{};
  return inet_pton(AF_INET, text.c_str(), &raw) == 1;
}

// Text that a device could have said: as it stands, nothing to clean.
void read_text(JsonReader& reader, const std::string& name, std::string& out) {
  reader.read(name, out);
  if (device_text(out) == out) return;
  reader.refuse("field '" + name +
                "' must be at most 256 bytes of UTF-8 without control characters"
                " and outer blanks");
}

class ScriptReader {
 public:
  explicit ScriptReader(const RaeSerial& rae) : rae_(rae) {}

  Result<Script> read(const Json& json) {
    JsonReader reader(json);
    reader.known({"about", "seed", "edits_per_second", "duration_ms", "kinds", "devices", "edits"});
    std::int64_t duration_ms = 0;
    std::vector<Json> devices;
    std::vector<Json> edits;
    Json kinds = Json::object();
    reader.read("seed", script_.seed);
    reader.read("edits_per_second", script_.edits_per_second);
    reader.read("duration_ms", duration_ms);
    reader.read("kinds", kinds);
    reader.read("devices", devices);
    reader.read("edits", edits);
    check_range(reader, "edits_per_second", script_.edits_per_second,
                ScriptLimits::kEditsPerSecond);
    check_range(reader, "duration_ms", duration_ms, kMsMax);
    script_.duration = std::chrono::milliseconds(duration_ms);
    note(reader, "");
    read_kinds(kinds);
    for (std::size_t i = 0; i < devices.size() && good(); ++i) {
      read_devices(devices[i], "devices[" + std::to_string(i) + "]");
    }
    if (script_.devices.empty()) refuse("field 'devices' names no device");
    check_unique();
    if (edits.size() > ScriptLimits::kTimedEdits) {
      refuse("field 'edits' has " + std::to_string(edits.size()) + " items; at most " +
             std::to_string(ScriptLimits::kTimedEdits));
    }
    for (std::size_t i = 0; i < edits.size() && good(); ++i) {
      read_edit(edits[i], "edits[" + std::to_string(i) + "]");
    }
    std::stable_sort(script_.timed.begin(), script_.timed.end(),
                     [](const TimedEdit& a, const TimedEdit& b) { return a.at < b.at; });
    if (!good()) return fail("bad_script", error_);
    return std::move(script_);
  }

 private:
  [[nodiscard]] bool good() const { return error_.empty(); }
  void refuse(const std::string& why) {
    if (good()) error_ = why;
  }
  void note(const JsonReader& reader, const std::string& path) {
    if (!reader.error().empty())
      refuse(path.empty() ? reader.error() : path + ": " + reader.error());
  }

  static void check_range(JsonReader& reader, const std::string& name, std::int64_t value,
                          std::int64_t most) {
    if (value >= 0 && value <= most) return;
    reader.refuse("field '" + name + "': " + std::to_string(value) + " is outside 0 to " +
                  std::to_string(most));
  }

  void read_kinds(const Json& json) {
    JsonReader reader(json);
    reader.known({kEditKinds[0], kEditKinds[1], kEditKinds[2], kEditKinds[3], kEditKinds[4]});
    if (json.is_object() && !json.empty()) script_.weights = {};
    int sum = 0;
    for (std::size_t i = 0; i < kEditKinds.size(); ++i) {
      const std::string name(kEditKinds[i]);
      std::int64_t weight = script_.weights[i];
      reader.read(name, weight);
      check_range(reader, name, weight, kWeightMax);
      script_.weights[i] = static_cast<int>(weight);
      sum += script_.weights[i];
    }
    if (sum == 0) reader.refuse("at least one kind must weigh more than 0");
    note(reader, "kinds");
  }

  void read_devices(const Json& json, const std::string& path) {
    JsonReader reader(json);
    reader.known({"id", "count", "mac", "ipv4", "hostname", "manufacturer", "model", "model_number",
                  "serial", "esn", "device_type", "name", "firmware", "os", "sdk", "app"});
    ScriptedDevice device;
    std::int64_t count = 0;
    reader.read("count", count);
    check_range(reader, "count", count, ScriptLimits::kDevices);
    read_text(reader, "id", device.id);
    if (device.id.empty()) reader.refuse("field 'id' is missing: give it a name");
    read_text(reader, "mac", device.mac);
    if (!device.mac.empty() && mac_text(device.mac).empty()) {
      reader.refuse("field 'mac': '" + device.mac + "' is no MAC of one device");
    }
    device.mac = mac_text(device.mac);
    read_text(reader, "ipv4", device.address);
    if (!device.address.empty() && !is_ipv4(device.address)) {
      reader.refuse("field 'ipv4': '" + device.address + "' is no IPv4 address");
    }
    read_text(reader, "hostname", device.hostname);
    device.says.fields = {{"identity.manufacturer", "Scripted"},
                          {"identity.model", "Scripted"},
                          {"software.firmware_version", "1.0.0"}};
    for (const Text& text : kTexts) {
      std::string value;
      read_text(reader, text.name, value);
      if (!value.empty()) device.says.fields[text.field] = value;
    }
    const bool names_one = !device.mac.empty() || !device.address.empty() ||
                           !device.hostname.empty() ||
                           device.says.fields.count("identity.serial") > 0;
    if (count > 0 && names_one) {
      reader.refuse("with 'count' there are several: leave out mac, ipv4, hostname and serial");
    }
    note(reader, path);
    if (!good()) return;
    if (count == 0) return add(std::move(device));
    for (std::int64_t i = 1; i <= count && good(); ++i) {
      ScriptedDevice one = device;
      one.id += "-" + std::to_string(i);
      add(std::move(one));
    }
  }

  void add(ScriptedDevice device) {
    const std::size_t index = script_.devices.size();
    if (index == ScriptLimits::kDevices) {
      return refuse("field 'devices' names more than " + std::to_string(ScriptLimits::kDevices));
    }
    const std::string name = rae_.str() + "-" + device.id;
    if (device.mac.empty()) device.mac = made_mac(name);
    if (device.address.empty()) device.address = made_address(index);
    if (device.hostname.empty()) device.hostname = device.id;
    device.says.fields.emplace("identity.serial", name);
    script_.devices.push_back(std::move(device));
  }

  // Two devices with the same name, MAC, address or serial would be one to the agent.
  void check_unique() {
    std::set<std::string> known;
    const auto once = [&](const char* what, const std::string& value) {
      if (known.insert(std::string(what) + " " + value).second) return;
      refuse("devices: two have the " + std::string(what) + " '" + value + "'");
    };
    for (const ScriptedDevice& device : script_.devices) {
      once("id", device.id);
      once("mac", device.mac);
      once("ipv4", device.address);
      once("serial", device.says.get("identity.serial"));
    }
  }

  void read_edit(const Json& json, const std::string& path) {
    JsonReader reader(json);
    reader.known({"at_ms", "device", "hostname", "usage", "holder", "presence", "manufacturer",
                  "model", "model_number", "serial", "esn", "device_type", "name", "firmware", "os",
                  "sdk", "app"});
    TimedEdit edit;
    std::int64_t at_ms = -1;
    reader.read("at_ms", at_ms);
    check_range(reader, "at_ms", at_ms, kMsMax);
    edit.at = std::chrono::milliseconds(at_ms);
    std::string id;
    reader.read("device", id);
    const auto device = std::find_if(script_.devices.begin(), script_.devices.end(),
                                     [&](const ScriptedDevice& any) { return any.id == id; });
    if (device == script_.devices.end()) reader.refuse("field 'device': there is no '" + id + "'");
    edit.device = static_cast<std::size_t>(device - script_.devices.begin());
    for (const Text& text : kTexts) {
      std::string value;
      read_text(reader, text.name, value);
      if (!value.empty()) edit.says[text.field] = value;
    }
    read_text(reader, "hostname", edit.hostname);
    read_usage(reader, edit);
    read_presence(reader, edit);
    note(reader, path);
    script_.timed.push_back(std::move(edit));
  }

  static void read_usage(JsonReader& reader, TimedEdit& edit) {
    std::string state;
    std::string holder;
    reader.read("usage", state);
    read_text(reader, "holder", holder);
    if (state.empty()) return;
    if (Known<UsageState>::parse(state).value == UsageState::kUnknown) {
      reader.refuse("field 'usage': expected available or in_test, got '" + state + "'");
    }
    edit.says["usage.state"] = state;
    edit.says["usage.holder"] = holder;
  }

  static void read_presence(JsonReader& reader, TimedEdit& edit) {
    std::string word;
    reader.read("presence", word);
    if (word.empty()) return;
    edit.presence = Known<PresenceStatus>::parse(word).value;
    if (*edit.presence == PresenceStatus::kUnknown) {
      reader.refuse("field 'presence': expected online, standby or offline, got '" + word + "'");
    }
  }

  const RaeSerial& rae_;
  Script script_;
  std::string error_;
};

}  // namespace

Result<Script> parse_script(std::string_view bytes, const RaeSerial& rae) {
  try {
    return ScriptReader(rae).read(Json::parse(bytes));
  } catch (const Json::parse_error& error) {  // says the line and the column
    return fail("bad_script", error.what());
  }
}

Result<Script> load_script(const std::string& path, const RaeSerial& rae) {
  const std::string context = "setting script: " + path;
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("bad_script", context + ": cannot be read; name a readable file");
  std::string bytes(kScriptBytesMax + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (bytes.size() > kScriptBytesMax) {
    return fail("bad_script", context + ": has more than " + std::to_string(kScriptBytesMax) +
                                  " bytes; let 'count' make the devices");
  }
  auto script = parse_script(bytes, rae);
  if (!script) return tl::unexpected(script.error().within(context));
  return script;
}

}  // namespace dmp::local
