// The HTTP endpoint: tells what the program is doing, and takes the Hub's call to do it now.
#pragma once

#include "adapters/http/client.hpp"
#include "core/dispatcher.hpp"
#include "core/ports/log.hpp"
#include "core/secret.hpp"
#include "daemon/endpoint/limits.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

namespace hosting::endpoint {

struct settings {
    std::string listen; // ADDRESS:PORT; empty: nowhere
    std::string version;
    http::url supabase;
    secret service_key;
    limits bounds;
};

// What it works for. All of it must outlive the server.
struct surroundings {
    dispatcher& work;
    std::function<std::string(const service_status&)> metrics; // in Prometheus' text format
    log& journal;
};

// Listens, serves and keeps its limits on a strand of its own. Where it listens is one line of the log. A
// taken port is one warning, and tried again until it is free.
class server {
public:
    virtual ~server() = default;

    // Once. Thread-safe.
    virtual void start() = 0;

    // Ends all connections at once. Returns when nothing of it runs; call it before the server goes, unless
    // the io_context has stopped for good.
    virtual boost::asio::awaitable<void> stop() = 0;
};

[[nodiscard]] std::unique_ptr<server> make_server(boost::asio::any_io_executor executor, settings,
                                                  const surroundings&);

} // namespace hosting::endpoint
