// Identities: short-lived certificates for the clients of a run, `canary-{run}-{number}.crt` and
// `.key` in one folder, signed by the authority that the broker trusts.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace dmp::canary {

struct AuthorityFiles {
  std::string certificate;  // PEM files
  std::string key;
};

// Makes those of clients 1 to `clients`, P-256 keys readable by the owner only, valid from five
// minutes ago. The folder is made if it is not there. Error: names the file; what was made stays.
Status issue_identities(const AuthorityFiles& authority, const std::string& folder,
                        const std::string& run, std::int64_t clients, std::chrono::seconds valid);

// Removes them again, as far as they are there.
void remove_identities(const std::string& folder, const std::string& run, std::int64_t clients);

// Of the way to `folder` what is not there yet, innermost first.
std::vector<std::string> missing_folders(const std::string& folder);

// Removes those of them that are empty, in that order.
void remove_folders(const std::vector<std::string>& folders);

// Error: the first of them that is missing.
Status find_identities(const std::string& folder, const std::string& run, std::int64_t clients);

}  // namespace dmp::canary
