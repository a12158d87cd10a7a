// LeaseSource: dnsmasq's lease file, watched by inotify on its folder. The file may appear later.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "local-registry/adapters/file_handle.h"
#include "local-registry/adapters/lan_source.h"
#include "local-registry/core/lease_lines.h"

namespace dmp::local {

class LeaseSource final : public LanSource {
 public:
  static Result<std::unique_ptr<LeaseSource>> open(const std::string& path);

  [[nodiscard]] std::vector<int> handles() const override { return {inotify_.get()}; }
  void begin(const SightingSink& sink) override;
  void read(const SightingSink& sink) override;

 private:
  LeaseSource(std::string path, std::string name, FileHandle inotify)
      : path_(std::move(path)), name_(std::move(name)), inotify_(std::move(inotify)) {}

  std::string path_;
  std::string name_;  // without its folder
  FileHandle inotify_;
  LeaseLines lines_;
};

}  // namespace dmp::local
