#include "registry/api/query/filter_demand.h"

namespace dmp::registry::api {
namespace {

// How few devices share a value of the kind; 0: it is not looked up by value.
int rank_of(const Test& test) {
  if (test.op != Operator::kEqual) return 0;
  if (test.value.empty()) return 1;  // what most devices do not have
  switch (test.attribute->kind) {
    case ValueKind::kUuid:
      return 4;
    case ValueKind::kSerial:
      return 3;
    case ValueKind::kText:
      return 2;
    case ValueKind::kWord:
    case ValueKind::kBoolean:
      return 1;
    case ValueKind::kCode:
    case ValueKind::kNumber:
      break;
  }
  return 0;
}

}  // namespace

const Test* demanded_value(const Filter& filter) {
  if (filter.kind == Filter::Kind::kTest) {
    return rank_of(filter.test) > 0 ? &filter.test : nullptr;
  }
  if (filter.kind == Filter::Kind::kAny) return nullptr;
  const Test* best = nullptr;
  for (const Filter& part : filter.parts) {
    const Test* test = demanded_value(part);
    if (test != nullptr && (best == nullptr || rank_of(*test) > rank_of(*best))) best = test;
  }
  return best;
}

}  // namespace dmp::registry::api
