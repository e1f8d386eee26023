#include "daemon/check_servers.hpp"

#include "adapters/cloudpanel/probe.hpp"
#include "adapters/ssh/host_key.hpp"
#include "core/server_choice.hpp"
#include "daemon/all_of.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <map>
#include <memory>
#include <optional>

namespace hosting {
namespace {

namespace asio = boost::asio;
using enum finding::state;

constexpr std::size_t at_a_time = 32;

std::string part_of(const server& row) { return "server " + label(row); }

// The rows that are one server, in their order; the first stands for all.
struct place {
    std::vector<server> rows;
    std::vector<finding> found;
};

class server_check {
public:
    server_check(supabase::hub& keys, ssh::settings with, resolver& names, log& l,
                 const asio::any_io_executor& executor)
        : keys_(keys)
        , connect_timeout_(with.connect_timeout)
        , pool_(ssh::make_pool(executor, noting_host_keys(std::move(with)), names, l)) {}

    asio::awaitable<std::vector<finding>> run(std::vector<server> rows) {
        std::vector<finding> out;
        for (auto& row : rows)
            sort_in(std::move(row), out);
        std::vector<asio::awaitable<void>> workers;
        for (std::size_t i = 0; i < std::min(at_a_time, places_.size()); ++i)
            workers.push_back(work());
        co_await all_of(std::move(workers));
        for (auto& [name, at] : places_)
            std::ranges::move(at.found, std::back_inserter(out));
        std::ranges::stable_sort(out, {}, &finding::part);
        co_await pool_->close();
        co_return out;
    }

private:
    ssh::settings noting_host_keys(ssh::settings with) {
        with.remember_host_keys = false;
        with.on_new_host_key = [this](std::string_view address, std::uint16_t port, std::string_view key) {
            new_keys_[ssh::known_hosts_name(address, port)] =
                ssh::key_type(key) + " host key " + ssh::key_fingerprint(key);
        };
        return with;
    }

    void sort_in(server row, std::vector<finding>& out) {
        if (!row.active) {
            out.push_back(
                {part_of(row), paused, "is_active is false: its sites wait, and it is not tried", ""});
            return;
        }
        const std::vector<server> alone{row};
        const auto usable = choose_server(row.id, alone, {});
        if (!usable)
            out.push_back(
                trouble(part_of(row), usable.error(), "correct the server's row in the Management Hub"));
        else
            places_[place_of(row)].rows.push_back(std::move(row));
    }

    asio::awaitable<void> work() {
        while (next_ < places_.size()) {
            auto& at = std::next(places_.begin(), static_cast<std::ptrdiff_t>(next_++))->second;
            co_await look_at(at);
        }
    }

    asio::awaitable<void> look_at(place& at) {
        std::optional<secret> tried;
        std::optional<finding> first;
        for (const auto& row : at.rows) {
            auto key = co_await keys_.private_key(row.id);
            if (!key) {
                at.found.push_back(trouble(part_of(row), key.error()));
            } else if (!tried) {
                tried = *key;
                first = co_await log_in(row, std::move(*key));
                at.found.push_back(*first);
            } else if (*key == *tried) {
                at.found.push_back({part_of(row), first->how, first->what, first->who});
            } else {
                at.found.push_back({part_of(row), note,
                                    "is the same server as " + first->part +
                                        ", with another key, which is not tried: one login for each server",
                                    ""});
            }
        }
    }

    asio::awaitable<finding> log_in(server row, secret key) {
        const auto facts = co_await cloudpanel::probe(*pool_, row, std::move(key), connect_timeout_);
        co_return judge(row, facts);
    }

    finding judge(const server& row, const result<cloudpanel::panel_facts>& facts) {
        const auto unknown = new_keys_.find(ssh::known_hosts_name(row.address, row.port));
        const std::string host_key =
            unknown == new_keys_.end() ? std::string() : "; its " + unknown->second + " is not known yet";
        if (!facts) {
            failure why = facts.error();
            why.detail += host_key;
            const bool harmless = why.code == errc::ssh_not_started;
            return trouble(part_of(row), why,
                           harmless ? who_must_act(errc::ssh_unreachable) : std::string_view());
        }
        const std::string where = place_of(row);
        if (!facts->lacks.empty()) {
            std::string lacks;
            for (const auto& name : facts->lacks)
                lacks.append(lacks.empty() ? "" : ", ").append(name);
            return trouble(part_of(row), {errc::panel_broken, where + " lacks " + lacks + host_key});
        }
        const std::string version = facts->version.empty() ? "of an unknown version" : facts->version;
        std::string seen = where + ": logged in, clpctl answers, CloudPanel " + version + host_key;
        if (host_key.empty()) return {part_of(row), ok, std::move(seen), ""};
        return {part_of(row), note, std::move(seen),
                "compare the host key with the server's before the first site"};
    }

    supabase::hub& keys_;
    const std::chrono::milliseconds connect_timeout_;
    std::map<std::string, std::string> new_keys_; // by the name in known_hosts
    std::map<std::string, place> places_;
    std::size_t next_ = 0; // of places_
    std::unique_ptr<ssh::pool> pool_;
};

} // namespace

asio::awaitable<std::vector<finding>> check_servers(std::vector<server> rows, supabase::hub& keys,
                                                    ssh::settings with, resolver& names, log& l) {
    const auto executor = co_await asio::this_coro::executor;
    server_check check(keys, std::move(with), names, l, executor);
    co_return co_await check.run(std::move(rows));
}

} // namespace hosting
