#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace dmp {

void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "level=critical event=check_failed at=%s:%d expression=\"%s\"\n", file, line,
               expression);
  std::abort();
}

}  // namespace dmp
