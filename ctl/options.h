// Options of dmpctl.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.h"

namespace dmp::ctl {

struct Options {
  std::string command;
  std::vector<std::string> agents;  // database files
  std::string database;
  std::chrono::milliseconds within{0};
  std::int64_t show = 20;
  bool json = false;

  void declare(Settings& settings);
  [[nodiscard]] Status check() const;
};

}  // namespace dmp::ctl
