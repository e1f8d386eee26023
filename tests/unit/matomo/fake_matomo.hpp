// Matomo in memory, with its bad manners: sequential ids without dedupe, a look-up that takes "www." out
// anywhere, lists cut at 100, 4.x's silence about bad tokens, lockout, half-made sites, answers that get
// lost.
#pragma once

#include "adapters/http/client.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

class fake_matomo final : public hosting::http::client {
public:
    struct site {
        std::int64_t id;
        std::string name;
        std::vector<std::string> urls;
    };
    std::vector<site> sites;
    std::string token = "good";
    bool super_user = true;
    bool version_4 = false;
    int bad_tokens = 0;        // after 21 of them every token is locked out
    bool out_of_order = false; // 500 for everybody

    // What happens to the next addSite calls, in order.
    enum class fate {
        usual,
        lost_before, // the server never sees it
        lost_after,  // done, but the answer is lost
        orphaned,    // name inserted, worker killed before the URL: 502
        unavailable, // 503, nothing done
        late,        // the answer is lost, and the site appears only after the next look-up
        slow,        // the answer is lost, and the site appears with finish_slow_in()
        killed       // a fault in the server: 500, nothing done
    };
    std::function<void()> on_add; // the server has it, and nothing is done yet
    std::deque<fate> fates;
    std::function<void(const std::string& method)> before_each;
    std::optional<hosting::http::response> instead; // of every answer
    std::map<std::string, int> calls;               // by method
    int most_at_once = 0;

    explicit fake_matomo(boost::asio::any_io_executor executor)
        : executor_(std::move(executor)) {}
    boost::asio::awaitable<hosting::http::exchange> send(hosting::http::request what) override;
    void close() override {}

    std::int64_t add(const std::string& name, std::vector<std::string> urls);
    void finish_slow_in(std::chrono::milliseconds time);

private:
    hosting::http::exchange serve(const std::string& method, std::map<std::string, std::string> parameters);
    hosting::http::exchange add_site(const std::string& name, const std::string& url);

    boost::asio::any_io_executor executor_;
    std::int64_t last_id_ = 0;
    int running_ = 0;
    std::optional<site> late_;
    site slow_;
};
