// The answer to GET /v1/devices/{device_id}/explain: why a device can, or cannot, be used now.
//
// For each blocker the evidence as the RAE or the cloud gave it, with its source and time, and what
// the rules make of it; then the newest events. Called by worker threads.
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "base/metrics.h"
#include "registry/api/device/diagnosis.h"
#include "registry/api/query/queries.h"
#include "registry/api/reader.h"
#include "registry/api/scope.h"

namespace dmp::registry::api {

// Rules, and a count of the cases they do not know. Thread-safe; Metrics must outlive it.
class Doctor {
 public:
  static constexpr std::size_t kShapesMax = 64;  // others are counted together

  // The rules this program was built with.
  explicit Doctor(Metrics& metrics);

  // Null: not known, and counted.
  const Rule* diagnose(std::string_view blocker, const FieldText& text);

 private:
  const RuleBook rules_;
  Metrics& metrics_;
  std::mutex mutex_;
  std::set<std::string> shapes_;  // protected by mutex_
};

Answer<HttpResponse> answer_explain(const ExplainQuery& query, const Scope& scope, Doctor& doctor,
                                    Reader& reader);

}  // namespace dmp::registry::api
