// What the contract of the port memory is tried on: an implementation of it, through several lives.
#pragma once

#include "core/ports/memory.hpp"

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

namespace hosting::test {

// The loop is run by others. What was there before a subject was made is not its own: keys that no other one
// uses tell them apart.
class subject {
public:
    virtual ~subject() = default;

    // Another life, after the end of the one before. Its load() has been called.
    virtual memory& begin() = 0;
    virtual memories loaded() = 0; // by that
    virtual void end() = 0;

    // Rows that may be kept: records of them, with nothing in them but the row's id, domain and server.
    virtual std::vector<site_record> own_sites(std::size_t count) = 0;
    // What the present life finds remembered of these rows.
    virtual std::vector<site_record> recall(std::vector<std::string> site_ids) = 0;
};

// Each conformance program has its own.
[[nodiscard]] std::unique_ptr<subject> make_subject(boost::asio::io_context&);

} // namespace hosting::test
