#include "tests/bench/scale_world.hpp"

namespace bench {
namespace {

constexpr std::size_t page = 100; // rows
constexpr std::chrono::milliseconds time_of_a_page{10};
// As on a real server; with less, there would be more orders in three hours than Let's Encrypt takes.
constexpr std::chrono::milliseconds time_of_a_site{2'000};
constexpr std::chrono::milliseconds time_of_a_certificate{45'000};

std::size_t number_in(const std::string& id) { return std::stoul(id); }

} // namespace

row_table::row_table(tests::virtual_clock& time, std::size_t count, std::size_t servers, bool active)
    : time_(time) {
    for (std::size_t i = 0; i < servers; ++i) {
        server s;
        s.id = "server-" + std::to_string(i);
        s.name = s.id;
        s.address = s.id + ".example";
        s.active = active;
        fleet_.push_back(std::move(s));
    }
    for (std::size_t i = 0; i < count; ++i)
        pending_.insert(pending_.end(), i);
}

std::string row_table::server_of(std::size_t number) const { return fleet_[number % fleet_.size()].id; }

pending_site row_table::row(std::size_t number) const {
    return {std::to_string(number), "site" + std::to_string(number) + ".example", server_of(number), {}};
}

asio::awaitable<result<pending_rows>> row_table::answer(std::size_t rows) {
    const bool all = rows == pending_.size();
    on_poll(rows, all);
    const double before = cpu_seconds();
    pending_rows found;
    auto at = pending_.end();
    for (std::size_t i = 0; i < rows; ++i)
        --at;
    for (; at != pending_.end(); ++at)
        found.rows.push_back(row(*at));
    found.complete = all;
    found.pages = 1 + rows / page;
    own_cpu_seconds += cpu_seconds() - before;
    co_await time_.pass(time_of_a_page * static_cast<int>(found.pages));
    co_return found;
}

asio::awaitable<result<pending_rows>> row_table::pending() { return answer(pending_.size()); }

asio::awaitable<result<pending_rows>> row_table::newest() { return answer(std::min(page, pending_.size())); }

asio::awaitable<result<std::optional<site>>> row_table::read(std::string id) {
    const auto known = row(number_in(id));
    site found;
    found.id = known.id;
    found.domain = known.domain;
    found.server_id = known.server_id;
    found.status_dns = "active";
    found.status_hosting = pending_.contains(number_in(id)) ? "pending" : "active";
    co_return std::optional(std::move(found));
}

asio::awaitable<result<delivery>> row_table::report(site as_read, outcome what) {
    if (what.what == outcome::kind::active) pending_.erase(number_in(as_read.id));
    co_return delivery::written;
}

asio::awaitable<result<creation_result>> servers_at_once::create_site(server, creation what) {
    co_await time_.pass(time_of_a_site);
    creation_result done;
    done.what = creation_result::kind::created;
    done.view.exists = true;
    done.view.owner = what.user;
    done.view.vhost_root = "/home/" + what.user + "/htdocs/" + what.domain;
    co_return done;
}

asio::awaitable<result<installation_result>> servers_at_once::install_certificate(server, installation what) {
    co_await time_.pass(time_of_a_certificate);
    const auto now = time_.now().wall;
    installation_result done;
    done.what = installation_result::kind::installed;
    done.view.exists = true;
    done.view.owner = "user";
    done.view.vhost_root = "/home/user/htdocs/" + what.domain;
    done.view.installed = certificate{"m", true, false, false, true, now, now + std::chrono::hours(90 * 24)};
    co_return done;
}

asio::awaitable<resolution> addresses_at_once::resolve(std::string, std::chrono::milliseconds) {
    resolution answer;
    answer.what = resolution::kind::found;
    answer.addresses.push_back(asio::ip::make_address("192.0.2.80"));
    co_return answer;
}

} // namespace bench
