#include "canary/adapters/report_files.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

namespace dmp::canary {
namespace {

using Json = nlohmann::ordered_json;

Json phases_of(const std::vector<PhaseLine>& phases) {
  Json list = Json::array();
  for (const PhaseLine& phase : phases) {
    list.push_back({{"phase", phase.name},
                    {"events", phase.events},
                    {"began_s", phase.began_s},
                    {"took_s", phase.took_s},
                    {"in_time", phase.in_time},
                    {"begun", phase.begun},
                    {"cut", phase.cut}});
  }
  return list;
}

tl::unexpected<Error> cannot_write(const std::string& path, int problem) {
  return fail("bad_file", path +
                              ": cannot be written: " + std::generic_category().message(problem) +
                              "; name a file in a writable folder");
}

}  // namespace

std::string json_of(const Report& report) {
  const auto limit = limit_of(report);
  const Json json = {{"run", report.run},
                     {"started_at", report.started_at},
                     {"verdict", headline_of(report)},
                     {"limited_by", limit ? Json(name_of(*limit)) : Json()},
                     {"evidence", report.verdict.evidence},
                     {"breaches", report.breaches},
                     {"exit_code", report.exit_code},
                     {"interrupted", report.interrupted},
                     {"figures", report.figures},
                     {"refused_by", report.refused_by},
                     {"disconnected_by", report.disconnected_by},
                     {"rest_failed_by", report.rest_failed_by},
                     {"phases", phases_of(report.phases)},
                     {"warnings", report.warnings}};
  // A reason may hold what a broker sent: any bytes.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Figures> read_figures(const std::string& path) {
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path))
    return fail("bad_file", path + ": cannot be read; name a JSON report of an earlier run");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("figures") || !json["figures"].is_object()) {
    return fail("bad_file", path + ": no JSON report with figures; name one that --json wrote");
  }
  if (json.contains("interrupted") && json["interrupted"] == true) {
    return fail("bad_file",
                path +
                    ": of a run that was interrupted, which is nothing to compare with; "
                    "name another, or remove it");
  }
  Figures figures;
  for (const auto& [name, value] : json["figures"].items()) {
    if (value.is_number()) figures[name] = value.get<double>();
  }
  return figures;
}

Status check_writable(const std::string& path) {
  const std::string fresh = path + ".new";
  if (std::filesystem::is_directory(path)) return cannot_write(path, EISDIR);
  std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
  if (!file) return cannot_write(path, errno);
  std::remove(fresh.c_str());
  return {};
}

Status write_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (file && std::rename(fresh.c_str(), path.c_str()) == 0) return {};
  const int problem = errno;
  std::remove(fresh.c_str());
  return cannot_write(path, problem);
}

}  // namespace dmp::canary
