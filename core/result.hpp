// The result of anything that can fail: a value, or a failure with its cause.
#pragma once

#include "core/errors.hpp"

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace hosting {

template<class T>
using result = boost::system::result<T, failure>;

// Found by result::value(): asking a failure for its value is a bug of the caller.
[[noreturn]] inline void throw_exception_from_error(const failure& f, const boost::source_location&) {
    throw std::logic_error("value() of a failure: " + f.detail);
}

} // namespace hosting
