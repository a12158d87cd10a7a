// Identities: short-lived certificates for the clients of a run, `canary-{run}-{number}.crt` and
// `.key` in one folder, signed by the authority that the broker trusts.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"

namespace dmp::canary {

struct AuthorityFiles {
  std::string certificate;  // PEM files
  std::string key;
};

// Those of clients 1 to `clients`.
struct IdentityPlan {
  AuthorityFiles authority;
  std::string folder;
  std::string run;
  std::int64_t clients = 0;
  std::chrono::seconds valid{0};
  std::chrono::seconds needed{0};  // those that are there are kept if they are good for longer
};

struct Issuing {
  bool keep = false;                                     // those that are there and still good
  std::stop_token stop;                                  // then it returns before all are made
  std::function<void(std::int64_t done)> progress = {};  // after each
  std::vector<std::int64_t>* made = nullptr;             // whose files were begun
};

// Error: they cannot be read, or do not belong together.
Status check_issuer(const AuthorityFiles& authority);

// Error: nothing can be made in that folder, or it cannot be made itself.
Status check_folder(const std::string& folder);

// Makes them, P-256 keys readable by the owner only, valid from five minutes ago. The folder is
// made if it is not there. A pair is still good if both files can be read and belong together, this
// authority signed it, and it ends after `needed`; any other is replaced. Error: names the file;
// what was made stays.
Status issue_identities(const IdentityPlan& plan, const Issuing& how = {});

// Removes those again, as far as they are there.
void remove_identities(const std::string& folder, const std::string& run,
                       const std::vector<std::int64_t>& clients);

// Of the way to `folder` what is not there yet, innermost first.
std::vector<std::string> missing_folders(const std::string& folder);

// Removes those of them that are empty, in that order.
void remove_folders(const std::vector<std::string>& folders);

// Error: the first of them that is missing.
Status find_identities(const std::string& folder, const std::string& run, std::int64_t clients);

}  // namespace dmp::canary
