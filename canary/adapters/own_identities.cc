#include "canary/adapters/own_identities.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "canary/core/voice.h"

namespace dmp::canary {
namespace {

constexpr std::string_view kPrefix = "canary-";
constexpr std::string_view kLock = ".lock";

std::string lock_path(const std::string& folder, const std::string& run) {
  return folder + "/" + std::string(kPrefix) + run + std::string(kLock);
}

// The run of `canary-RUN.lock`; empty: it is no such name.
std::string run_of_lock(const std::string& name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kLock)) return {};
  if (name.size() <= kPrefix.size() + kLock.size()) return {};
  std::string run = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kLock.size());
  return is_run_name(run) ? run : std::string();
}

// `canary-RUN-NUMBER.crt` or `.key`.
bool is_identity_of(const std::string& run, std::string_view name) {
  const std::string begin = std::string(kPrefix) + run + "-";
  if (!name.starts_with(begin) || !(name.ends_with(".crt") || name.ends_with(".key"))) return false;
  constexpr std::size_t kEnding = 4;
  if (name.size() <= begin.size() + kEnding) return false;
  const std::string_view number = name.substr(begin.size(), name.size() - begin.size() - kEnding);
  return std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code problem;
  for (std::filesystem::directory_iterator at(folder, problem), end; !problem && at != end;
       at.increment(problem)) {
    names.push_back(at->path().filename().string());
  }
  return names;
}

// The lock, if it is there and nobody holds it; -1 otherwise.
int take_lock(const std::string& path) {
  const int lock = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  close(lock);
  return -1;
}

}  // namespace

void remove_leftovers(const std::string& folder) {
  const auto names = names_in(folder);
  for (const std::string& name : names) {
    const std::string run = run_of_lock(name);
    if (run.empty()) continue;
    const int lock = take_lock(lock_path(folder, run));
    if (lock < 0) continue;
    for (const std::string& other : names) {
      if (is_identity_of(run, other)) unlink((folder + "/" + other).c_str());
    }
    unlink(lock_path(folder, run).c_str());
    close(lock);
  }
}

void disown(const std::string& folder, const std::string& run) {
  const int lock = take_lock(lock_path(folder, run));
  if (lock < 0) return;
  unlink(lock_path(folder, run).c_str());
  close(lock);
}

// Before anything is made. Somebody who looks for leftovers may have taken the new lock for one.
Status OwnIdentities::claim() {
  const std::string path = lock_path(plan_.folder, plan_.run);
  for (;;) {
    lock_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock_ < 0) {
      return fail("bad_file", "setting certificates: " + path + ": " +
                                  std::generic_category().message(errno) +
                                  "; name a writable folder");
    }
    if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
      close(lock_);
      lock_ = -1;
      return fail("bad_setting", "setting run: another run " + plan_.run +
                                     " is under way in folder " + plan_.folder +
                                     "; give another name, or none");
    }
    struct stat found {};
    if (fstat(lock_, &found) == 0 && found.st_nlink > 0) return {};
    close(lock_);
  }
}

Status OwnIdentities::obtain(const std::stop_token& stop,
                             const std::function<void(std::int64_t)>& progress) {
  if (plan_.authority.key.empty()) {
    return find_identities(plan_.folder, plan_.run, plan_.clients);
  }
  folders_ = missing_folders(plan_.folder);
  remove_leftovers(plan_.folder);
  std::error_code problem;
  std::filesystem::create_directories(plan_.folder, problem);
  // Where some are there already nothing says later which; then none of them are leftovers.
  const auto names = names_in(plan_.folder);
  const bool is_first = std::none_of(names.begin(), names.end(), [&](const std::string& name) {
    return is_identity_of(plan_.run, name);
  });
  if (is_first && !problem) {
    if (auto status = claim(); !status) return status;
  }
  return issue_identities(plan_,
                          {.keep = true, .stop = stop, .progress = progress, .made = &made_});
}

OwnIdentities::~OwnIdentities() {
  remove_identities(plan_.folder, plan_.run, made_);
  if (lock_ >= 0) {
    unlink(lock_path(plan_.folder, plan_.run).c_str());
    close(lock_);
  }
  remove_folders(folders_);
}

}  // namespace dmp::canary
