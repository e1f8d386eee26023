// Port: what survives a restart. Implemented by adapters/store (SQLite).
//
// It is an aid, never the truth: the rows are. When it cannot be read or written, that is said once (and once
// when it can again), and work goes on without it; but one that daemons share (adapters/shared_queue) can
// only fail as Supabase does, and then no order is sent.
#pragma once

#include "core/records.hpp"
#include "core/result.hpp"

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace hosting {

// Thread-safe. What returns nothing may be written later, in batches; the last one of a key wins, and nothing
// handed in is lost but by a crash of the machine.
class memory {
public:
    virtual ~memory() = default;

    // Everything that is known, once, before anything is kept. A failure (memory_unusable) means: nothing is.
    virtual boost::asio::awaitable<result<memories>> load() = 0;

    // Of a random UUID's form; new where the memory was lost. Valid after load().
    [[nodiscard]] virtual std::string installation_id() const = 0;

    virtual void keep(site_record what) = 0;
    virtual void forget_site(std::string site_id) = 0;
    virtual void keep(server_facts what) = 0;
    virtual void keep(incident_record what) = 0;
    virtual void forget_incident(std::string place) = 0;

    // Survives a crash of the machine, too, when it returns without a failure. Where daemons share a memory
    // it is refused when another's order for the same server or registered domain is not known here yet:
    // nothing was kept then, and what is new is to be judged first.
    struct order_answer {
        bool kept = true;
        std::vector<order_record> news; // others' orders and ends, each of them once; may have come before
    };
    virtual boost::asio::awaitable<result<order_answer>> keep_order(order_record what) = 0;
    virtual void end_order(order_record what) = 0; // with its end

    // Returns when all that was handed in before is written, or cannot be.
    virtual boost::asio::awaitable<void> flush() = 0;
};

} // namespace hosting
