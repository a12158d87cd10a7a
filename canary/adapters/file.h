// File: a stdio stream that closes itself, for OpenSSL's PEM functions.
#pragma once

#include <cstdio>
#include <memory>

namespace dmp::canary {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

}  // namespace dmp::canary
