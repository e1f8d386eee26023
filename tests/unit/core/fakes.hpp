// A small world in memory behind the core's ports: rows, servers and a Matomo that behave, or fail as told.
#pragma once

#include "core/site_runner.hpp"
#include "tests/support/silent_meter.hpp"
#include "tests/support/virtual_clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace fakes {

namespace asio = boost::asio;
using namespace hosting;

struct row {
    site as_is;
    std::string error_message;
    std::string document_root;
};

class table : public site_queue {
public:
    std::map<std::string, row> rows; // by id
    std::vector<server> fleet;
    std::deque<failure> poll_failures;
    std::deque<failure> report_failures;               // the update does not arrive
    std::deque<failure> report_losses;                 // it arrives, and its answer does not
    std::vector<std::string> written;                  // "id status"
    std::function<void()> before_answer;               // to a poll, whose rows are read already
    std::function<void(const outcome&)> before_report; // the Hub's chance to interfere
    std::function<void()> after_loss;                  // the same
    unsigned polls = 0;
    unsigned scans = 0;       // those that read the whole queue
    std::size_t page = 1'000; // rows of one answer

    site& add(const std::string& id, std::string domain, std::optional<std::string> server_id = "s1") {
        site s;
        s.id = id;
        s.domain = std::move(domain);
        s.server_id = std::move(server_id);
        s.status_dns = "active";
        s.status_hosting = "pending";
        return rows[id].as_is = std::move(s);
    }
    std::string status(const std::string& id) const {
        return rows.at(id).as_is.status_hosting.value_or("null");
    }

    asio::awaitable<result<pending_rows>> pending() override {
        ++scans;
        co_return co_await all_pending();
    }
    asio::awaitable<result<pending_rows>> all_pending() {
        ++polls;
        if (!poll_failures.empty()) {
            const failure f = poll_failures.front();
            poll_failures.pop_front();
            co_return f;
        }
        pending_rows all;
        for (const auto& [id, r] : rows)
            if (r.as_is.status_hosting == "pending" && r.as_is.status_dns == "active")
                all.rows.push_back({id, r.as_is.domain, r.as_is.server_id.value_or(""), ""});
        all.pages = 1 + all.rows.size() / page;
        if (before_answer) before_answer();
        // Whatever was posted meanwhile comes first.
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        co_return all;
    }
    asio::awaitable<result<pending_rows>> newest() override {
        auto all = co_await all_pending();
        if (!all || all->rows.size() < page) co_return all;
        all->rows.erase(all->rows.begin(), all->rows.end() - static_cast<std::ptrdiff_t>(page));
        all->complete = false;
        co_return all;
    }
    asio::awaitable<result<std::optional<site>>> read(std::string id) override {
        std::optional<site> found;
        if (const auto it = rows.find(id); it != rows.end()) found = it->second.as_is;
        co_return found;
    }
    asio::awaitable<result<std::vector<server>>> servers() override { co_return fleet; }
    asio::awaitable<result<secret>> private_key(std::string) override { co_return secret("key"); }
    asio::awaitable<result<delivery>> report(site as_read, outcome what) override {
        if (before_report) before_report(what);
        if (!report_failures.empty()) {
            const failure f = report_failures.front();
            report_failures.pop_front();
            co_return f;
        }
        const auto it = rows.find(as_read.id);
        if (it == rows.end() || it->second.as_is.status_hosting != as_read.status_hosting ||
            it->second.as_is.domain != as_read.domain || it->second.as_is.server_id != as_read.server_id)
            co_return delivery::row_changed;
        row& r = it->second;
        if (what.what == outcome::kind::active) r.as_is.status_hosting = "active";
        if (what.what == outcome::kind::failed) r.as_is.status_hosting = "failed";
        r.error_message = what.error_message;
        r.as_is.error_message.reset();
        if (!what.error_message.empty()) r.as_is.error_message = what.error_message;
        if (what.document_root) r.as_is.document_root = r.document_root = *what.document_root;
        if (what.matomo_site_id) r.as_is.matomo_site_id = what.matomo_site_id;
        written.push_back(as_read.id + " " + status(as_read.id));
        if (!report_losses.empty()) {
            const failure f = report_losses.front();
            report_losses.pop_front();
            if (after_loss) after_loss();
            co_return f;
        }
        co_return delivery::written;
    }
};

// Servers that make sites in `step_time`.
class fleet : public hosts {
public:
    explicit fleet(tests::virtual_clock& time)
        : time_(time) {}
    std::map<std::string, site_view> sites;              // by domain
    std::map<std::string, std::deque<failure>> failures; // by domain: what the next creations end with
    std::map<std::string, std::deque<failure>> install_failures;
    std::map<std::string, std::deque<failure>> server_failures; // by server: what the next steps end with
    std::vector<std::string> calls;
    std::chrono::milliseconds step_time{0};
    std::map<std::string, unsigned> at_work; // by server
    unsigned most_at_work = 0;
    std::function<void()> on_create;
    std::vector<std::string> installations; // ids, as they were told

    void recall(std::vector<server_facts>, std::string id) override {
        installations.push_back(std::move(id));
    }
    asio::awaitable<result<site_view>> look(server, std::string domain) override {
        calls.push_back("look " + domain);
        co_return sites[domain];
    }
    asio::awaitable<result<creation_result>> create_site(server where, creation what) override {
        calls.push_back("create " + what.domain + " " + what.user);
        if (on_create) on_create();
        most_at_work = std::max(most_at_work, ++at_work[where.id]);
        co_await time_.pass(step_time);
        --at_work[where.id];
        if (auto& all = server_failures[where.id]; !all.empty()) {
            const failure f = all.front();
            all.pop_front();
            co_return f;
        }
        auto& pending = failures[what.domain];
        if (!pending.empty()) {
            const failure f = pending.front();
            pending.pop_front();
            co_return f;
        }
        site_view& v = sites[what.domain];
        creation_result done;
        done.what = v.exists ? creation_result::kind::found : creation_result::kind::created;
        if (!v.exists) {
            v.exists = true;
            v.owner = what.user;
            v.vhost_root = "/home/" + what.user + "/htdocs/" + what.domain;
        }
        done.view = v;
        co_return done;
    }
    asio::awaitable<result<installation_result>> install_certificate(server, installation what) override {
        calls.push_back("install " + what.domain);
        auto& pending = install_failures[what.domain];
        if (!pending.empty()) {
            const failure f = pending.front();
            pending.pop_front();
            co_return f;
        }
        site_view& v = sites[what.domain];
        const auto now = time_.now().wall;
        v.installed = certificate{"m", true, false, false, true, now, now + std::chrono::hours(90 * 24)};
        installation_result done;
        done.what = installation_result::kind::installed;
        done.view = v;
        co_return done;
    }

private:
    tests::virtual_clock& time_;
};

class counter : public analytics {
public:
    std::map<std::string, std::int64_t> ids;
    std::optional<failure> refusal;
    std::vector<std::string> calls;

    asio::awaitable<result<std::optional<std::int64_t>>> find(std::string domain) override {
        std::optional<std::int64_t> id;
        if (ids.contains(domain)) id = ids[domain];
        co_return id;
    }
    asio::awaitable<result<std::int64_t>> ensure(std::string domain) override {
        calls.push_back(domain);
        if (refusal) co_return *refusal;
        if (!ids.contains(domain)) ids[domain] = static_cast<std::int64_t>(ids.size()) + 1;
        co_return ids[domain];
    }
};

// What is remembered, in memory: it outlives a world that is handed on.
class notebook : public memory {
public:
    std::map<std::string, site_record> sites;
    std::map<std::string, incident_record> incidents;
    std::map<std::uint64_t, order_record> orders;
    std::optional<failure> broken;

    asio::awaitable<result<memories>> load() override {
        if (broken) co_return *broken;
        memories all;
        for (const auto& [id, s] : sites)
            all.sites.push_back(s);
        for (const auto& [id, o] : orders)
            all.orders.push_back(o);
        for (const auto& [place, i] : incidents)
            all.incidents.push_back(i);
        co_return all;
    }
    std::string installation_id() const override { return "00000000-0000-4000-8000-000000000000"; }
    void keep(site_record what) override { sites[what.site_id] = std::move(what); }
    void forget_site(std::string site_id) override { sites.erase(site_id); }
    void keep(server_facts) override {}
    void keep(incident_record what) override { incidents[what.place] = std::move(what); }
    void forget_incident(std::string place) override { incidents.erase(place); }
    asio::awaitable<result<order_answer>> keep_order(order_record what) override {
        if (broken) co_return *broken;
        orders[what.id] = std::move(what);
        co_return order_answer();
    }
    void end_order(order_record what) override { orders[what.id] = std::move(what); }
    asio::awaitable<void> flush() override { co_return; }
};

class names : public resolver {
public:
    std::map<std::string, resolution::kind> special; // all others have an address
    std::vector<std::string> asked;
    asio::awaitable<resolution> resolve(std::string name, std::chrono::milliseconds) override {
        asked.push_back(name);
        const auto found = special.find(name);
        resolution answer;
        answer.what = found == special.end() ? resolution::kind::found : found->second;
        if (answer.what == resolution::kind::found)
            answer.addresses.push_back(asio::ip::make_address("192.0.2.80"));
        co_return answer;
    }
};

class memory_log : public log {
public:
    std::vector<std::string> lines; // "level message"
    bool enabled(log_level) const noexcept override { return true; }
    void write(log_level level, std::string_view message, std::span<const log_field>) override {
        constexpr std::string_view names[] = {"debug", "info", "warning", "error"};
        lines.push_back(std::string(names[static_cast<int>(level)]) + " " + std::string(message));
    }
    using log::write;
    std::size_t count(std::string_view part) const {
        std::size_t n = 0;
        for (const auto& l : lines)
            n += l.find(part) != std::string::npos;
        return n;
    }
};

// Everything together, with one server "s1".
struct world {
    asio::io_context io;
    tests::virtual_clock time{io};
    table queue;
    fleet servers{time};
    counter statistics;
    memory_log journal;
    names dns;
    notebook store;
    tests::silent_meter figures;
    site_ports ports{queue, servers, statistics, journal, dns, store, time, figures};

    world() { queue.fleet.push_back(make_server("s1")); }
    static server make_server(std::string id, bool active = true) {
        server s;
        s.name = "server-" + id;
        s.id = std::move(id);
        s.address = s.name + ".example";
        s.active = active;
        return s;
    }
};

} // namespace fakes
