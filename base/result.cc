#include "base/result.h"

namespace dmp {

Error Error::within(std::string_view context) const {
  return Error{code, std::string(context) + ": " + message, retry};
}

tl::unexpected<Error> fail(std::string_view code, std::string message, Retry retry) {
  return tl::unexpected(Error{std::string(code), std::move(message), retry});
}

}  // namespace dmp
