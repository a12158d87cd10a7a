#include "canary/adapters/own_identities.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/stop.h"
#include "canary/core/voice.h"

namespace dmp::canary {
namespace {

constexpr std::string_view kPrefix = "canary-";
constexpr std::string_view kLock = ".lock";
// Somebody else's clean-up may hold a lock for a moment.
constexpr int kLookAgain = 20;
constexpr std::chrono::milliseconds kLookAgainAfter{50};

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

bool is_locked_in_time(int lock, const std::stop_token& stop) {
  for (int look = 0; flock(lock, LOCK_EX | LOCK_NB) != 0; ++look) {
    if (look == kLookAgain || stopped_within(stop, kLookAgainAfter)) return false;
  }
  return true;
}

tl::unexpected<Error> under_way(const std::string& folder, const std::string& run) {
  return fail("bad_setting", "setting run: another run " + run + " is under way in folder " +
                                 folder + "; give another name, or none");
}

// The lock if it is there, taken; -1: it is not. Error: that run is under way.
Result<int> take_lock_in_time(const std::string& folder, const std::string& run,
                              const std::stop_token& stop) {
  const int lock = open(lock_path(folder, run).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (lock < 0 || is_locked_in_time(lock, stop)) return lock;
  close(lock);
  return under_way(folder, run);
}

Status check_not_under_way(const std::string& folder, const std::string& run,
                           const std::stop_token& stop) {
  const auto lock = take_lock_in_time(folder, run, stop);
  if (!lock) return tl::unexpected(lock.error());
  if (*lock >= 0) close(*lock);
  return {};
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

Status disown(const std::string& folder, const std::string& run, const std::stop_token& stop) {
  const auto lock = take_lock_in_time(folder, run, stop);
  if (!lock) return tl::unexpected(lock.error());
  if (*lock < 0) return {};
  unlink(lock_path(folder, run).c_str());
  close(*lock);
  return {};
}

// Before anything is made. Somebody who looks for leftovers may have taken the new lock for one.
Status OwnIdentities::claim(const std::stop_token& stop) {
  const std::string path = lock_path(plan_.folder, plan_.run);
  for (;;) {
    lock_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock_ < 0) {
      return fail("bad_file", "setting certificates: " + path + ": " +
                                  std::generic_category().message(errno) +
                                  "; name a writable folder");
    }
    if (!is_locked_in_time(lock_, stop)) {
      close(lock_);
      lock_ = -1;
      return under_way(plan_.folder, plan_.run);
    }
    struct stat found {};
    if (fstat(lock_, &found) == 0 && found.st_nlink > 0) return {};
    close(lock_);
  }
}

Status OwnIdentities::obtain(const std::stop_token& stop,
                             const std::function<void(std::int64_t)>& progress) {
  if (plan_.authority.key.empty()) {
    auto status = check_not_under_way(plan_.folder, plan_.run, stop);
    if (!status) return status;
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
  if (!problem) {
    auto status = is_first ? claim(stop) : check_not_under_way(plan_.folder, plan_.run, stop);
    if (!status) return status;
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
