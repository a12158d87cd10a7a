// ParameterReader: takes a request's parameters one by one and keeps the first Problem. Pure.
//
// Each read leaves `out` as it is if the parameter is not given.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "registry/api/item/item.h"
#include "registry/api/query/cursor.h"
#include "registry/api/query/filter.h"
#include "registry/api/query/target.h"

namespace dmp::registry::api {

inline constexpr int kPageDefault = 100;
inline constexpr int kPageMax = 500;

class ParameterReader {
 public:
  // `target` must outlive it.
  explicit ParameterReader(const Target& target) : target_(target) {}

  // Refuses every parameter that is not one of `known`.
  void only(std::initializer_list<std::string_view> known);

  // `filter=`, and every parameter that is an attribute: all of them together. Refuses what is
  // neither that nor one of `known`.
  void read_filter(std::initializer_list<std::string_view> known, Filter& out);

  // A word of `words`; `out` becomes its place among them.
  void read_word(std::string_view name, std::initializer_list<std::string_view> words, int& out);
  void read_flag(std::string_view name, bool& out);  // 0 or 1
  void read_limit(int& out);
  void read_time(std::string_view name, std::optional<std::int64_t>& out);
  void read_fields(FieldChoice& out);
  void read_sort(const Attribute*& attribute, bool& descending);

  // The position must be one `is_position` knows: a cursor can be forged, though not to any use.
  template <class IsPosition>
  void read_cursor(std::string_view filter, std::string& out, IsPosition&& is_position) {
    const Parameter* found = find("cursor");
    if (found == nullptr || problem_) return;
    auto position = decode_cursor(filter, found->value);
    if (!position) {
      problem_ = bad_cursor(found->value, position.error().message);
    } else if (!is_position(*position)) {
      problem_ = bad_cursor(found->value, "the cursor is damaged; take `next` of the page before");
    } else {
      out = std::move(*position);
    }
  }

  // The address without its cursor, to which that of the next page can be added.
  [[nodiscard]] std::string address() const;

  [[nodiscard]] const std::optional<Problem>& problem() const { return problem_; }

 private:
  [[nodiscard]] const Parameter* find(std::string_view name) const;
  void refuse(const Parameter& parameter, std::string_view instead);
  void refuse_unknown(const Parameter& parameter, const std::string& known);
  void add_expression(const Parameter& parameter, Filter& out);

  const Target& target_;
  std::optional<Problem> problem_;
};

}  // namespace dmp::registry::api
