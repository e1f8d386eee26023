// The rows and the memory that several daemons share, in the database behind Supabase: the functions that
// conf/shared-queue.sql makes, called over PostgREST.
#pragma once

#include "adapters/http/client.hpp"
#include "adapters/supabase/supabase.hpp"
#include "core/ports/claims.hpp"
#include "core/ports/log.hpp"
#include "core/ports/memory.hpp"
#include "core/ports/site_queue.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>
#include <string>

namespace hosting::shared_queue {

struct settings {
    supabase::settings project;
    std::chrono::milliseconds lease{60'000};
    std::string worker; // this daemon's name in the queue; empty: a fresh one
    std::string host;   // for people
};

// Three ports of one object. What the port memory writes later is written within a tenth of a second, and
// before every claim; while Supabase is away, the latest of each key is held. Leases are renewed while a row
// is held, every third of their length; that a row is ours holds until a tenth before the end of the lease,
// counted on our steady clock from before the request that was answered.
//
// installation_id() is the queue's, so that daemons which share it are one installation for their servers.
class shared_queue {
public:
    virtual ~shared_queue() = default;
    virtual claims& rows() = 0;
    virtual memory& store() = 0;
    virtual site_queue& queue() = 0; // the Hub's, but outcomes are refused to whom the lease was lost
};

// The client, the hub and the log must outlive it, and it its calls.
[[nodiscard]] std::unique_ptr<shared_queue> make_shared_queue(boost::asio::any_io_executor executor, settings,
                                                              http::client&, supabase::hub&, log&);

} // namespace hosting::shared_queue
