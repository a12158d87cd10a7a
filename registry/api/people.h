// People: who calls, and which RAEs they may see.
//
// A tokens file holds the SHA-256 of each token, never a token:
//   {"tokens":[{"sha256":"<64 hex>","subject":"lab","role":"viewer","raes":["lab-*"]}]}
// In `raes`, `*` stands for any characters and `?` for one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dmp::registry::api {

enum class Role { kViewer, kOperator, kAdmin };

struct Principal {
  std::string subject;
  Role role = Role::kViewer;
  std::vector<std::string> rae_patterns;  // for SQL LIKE; none: sees nothing

  bool operator==(const Principal&) const = default;
};

class TokenSet {
 public:
  // False, and nothing changed, if the token is known already.
  bool add(const std::string& sha256, Principal principal);

  // By the token's SHA-256 as lower-case hex: what is compared is not the secret, so the time it
  // takes tells nothing about it.
  [[nodiscard]] const Principal* find(const std::string& sha256) const;

  [[nodiscard]] std::size_t size() const { return principals_.size(); }

 private:
  std::unordered_map<std::string, Principal> principals_;
};

// Who a bearer token belongs to. Thread-safe.
class People {
 public:
  virtual ~People() = default;

  [[nodiscard]] virtual std::optional<Principal> find(std::string_view token) const = 0;

  // Takes up changes of the tokens since the last call. Called about once a second.
  virtual void refresh() = 0;
};

// The token of an Authorization header; nothing if it is not `Bearer TOKEN`.
std::optional<std::string_view> bearer_token(std::string_view authorization);

// A RAE glob as a pattern for LIKE with the escape character `\`.
std::string like_pattern(std::string_view glob);

}  // namespace dmp::registry::api
