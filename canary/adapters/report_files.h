// The report as files: JSON, and what an earlier run wrote as JSON.
#pragma once

#include <string>

#include "base/result.h"
#include "canary/core/report.h"

namespace dmp::canary {

// {"run", "started_at", "verdict", "evidence", "figures": {...}, "phases", ...}
std::string json_of(const Report& report);

// The figures of a JSON report. Error: names the file and what is wrong with it.
Result<Figures> read_figures(const std::string& path);

// Error: why write_file would fail there; asked before a run, not after it.
Status check_writable(const std::string& path);

// Whole or not at all: beside its place, then moved. Error: names the file.
Status write_file(const std::string& path, const std::string& text);

}  // namespace dmp::canary
