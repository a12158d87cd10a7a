// Threshold: what makes a run fail, as people write it: `puback.p99>200ms`, `lost>0`,
// `connected<3000`. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "canary/core/figures.h"

namespace dmp::canary {

// Left: STAGE.PERCENTILE, compared with a duration (200ms, 2s), or a count, compared with a number.
// Operators: > >= < <=.
class Threshold {
 public:
  // Error "bad_setting": says what is not understood and what would be.
  static Result<Threshold> parse(std::string_view text);

  // What was found, for people, if it fails the run. What nothing was measured of fails too: a
  // run that measured nothing has not passed.
  [[nodiscard]] std::optional<std::string> breach(const Figures& figures) const;

  // The same of a run that was cut: only what could not have become good any more.
  [[nodiscard]] std::optional<std::string> breach_so_far(const Figures& figures) const;

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::string figure_;
  bool is_stage_ = false;
  bool above_ = true;  // fails above the bound, otherwise below it
  bool also_equal_ = false;
  double bound_ = 0;
};

}  // namespace dmp::canary
