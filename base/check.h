// DMP_CHECK: a broken promise inside the program aborts it, in release builds too.
#pragma once

namespace dmp {

[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace dmp

#define DMP_CHECK(expression) \
  (static_cast<bool>(expression) ? void(0) : ::dmp::check_failed(#expression, __FILE__, __LINE__))
