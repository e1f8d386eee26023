// PostgREST over one table in memory, with the bad manners of the network: a complete http::client.
#pragma once

#include "adapters/http/client.hpp"

#include <boost/json/object.hpp>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

class fake_postgrest final : public hosting::http::client {
public:
    std::map<std::string, std::vector<boost::json::object>> tables;
    std::map<std::string, std::set<std::string>> missing_columns; // by table
    std::size_t max_rows = 1000;

    // What happens to the next requests, in order; the usual for those beyond.
    enum class fate {
        usual,
        lost_before, // sent, but the server never sees it
        lost_after,  // done, but the answer is lost
        late,        // the answer is lost, and it is done only before the update after it
        unreachable,
        unavailable, // 503 with nothing done
        done_but_502 // done, and the gateway answers 502
    };
    std::deque<fate> fates;

    std::vector<hosting::http::request> seen;
    std::function<void()> before_each; // as if another client wrote in between

    boost::asio::awaitable<hosting::http::exchange> send(hosting::http::request what) override;
    void close() override {}

private:
    std::optional<hosting::http::request> late_;
    hosting::http::response serve(const hosting::http::request& what);
};
