#include "registry/core/bisect.h"

#include "base/check.h"

namespace dmp::registry {

Bisect::Bisect(Range failed) : suspects_(failed), end_(failed.end) { DMP_CHECK(failed.size() > 0); }

std::optional<std::size_t> Bisect::culprit() const {
  if (suspects_.size() > 1) return std::nullopt;
  return suspects_.begin;
}

Range Bisect::range() const {
  DMP_CHECK(suspects_.size() > 1);
  return {suspects_.begin, suspects_.begin + suspects_.size() / 2};
}

void Bisect::stored() { suspects_.begin = range().end; }

void Bisect::failed() { suspects_.end = range().end; }

Range Bisect::rest() const {
  DMP_CHECK(suspects_.size() == 1);
  return {suspects_.end, end_};
}

}  // namespace dmp::registry
