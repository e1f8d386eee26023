#include "daemon/explain.hpp"

#include "adapters/dns/resolver.hpp"
#include "adapters/http/client.hpp"
#include "adapters/shared_queue/work.hpp"
#include "adapters/store/reading.hpp"
#include "adapters/supabase/supabase.hpp"
#include "core/domain_name.hpp"
#include "core/message_text.hpp"
#include "core/registered_domain.hpp"
#include "core/server_choice.hpp"
#include "daemon/explain_text.hpp"
#include "daemon/settings.hpp"
#include "daemon/state_folder.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <iostream>
#include <map>

namespace hosting {
namespace {

namespace asio = boost::asio;

constexpr std::size_t longest_question = 300; // characters

// What Supabase knows.
struct hub_answer {
    std::vector<site> rows;
    std::vector<server> servers;
    std::vector<shared_queue::job_view> jobs; // of those rows, where daemons share them
};

std::vector<std::string> spellings_of(const std::string& asked) {
    const auto domain = normalise_domain(asked);
    if (!domain) return {plain_text(asked, longest_question)};
    std::vector<std::string> all{*domain};
    if (auto other = unicode_domain(*domain); other != *domain) all.push_back(std::move(other));
    return all;
}

asio::awaitable<result<hub_answer>> ask(supabase::hub& hub, std::string asked) {
    auto servers = co_await hub.servers();
    if (!servers) co_return servers.error();
    auto spellings = spellings_of(asked);
    auto rows = co_await hub.of_domain(std::move(spellings));
    if (!rows) co_return rows.error();
    std::erase_if(*rows, [&](const site& row) { return !is_same_domain(row.domain, asked); });
    auto named = co_await hub.read(plain_text(asked, longest_question));
    if (!named) co_return named.error();
    if (*named && std::ranges::find(*rows, (*named)->id, &site::id) == rows->end())
        rows->push_back(std::move(**named));
    hub_answer out;
    out.rows = std::move(*rows);
    out.servers = std::move(*servers);
    co_return out;
}

shared_queue::job_question question_about(const site& row, const std::vector<server>& servers,
                                          const std::string& default_server) {
    shared_queue::job_question about;
    about.site_id = row.id;
    if (const auto where = choose_server(row.server_id, servers, default_server))
        about.place = place_of(*where);
    if (const auto domain = normalise_domain(row.domain)) about.registered = registered_domain(*domain);
    return about;
}

asio::awaitable<result<hub_answer>> ask_all(supabase::hub& hub, std::string asked,
                                            const configuration& config, http::client& client) {
    auto answer = co_await ask(hub, std::move(asked));
    if (!answer || !config.is_shared()) co_return answer;
    for (const auto& row : answer->rows) {
        auto question = question_about(row, answer->servers, config.cloudpanel.default_server);
        auto job =
            co_await shared_queue::look_at_job(supabase_settings_of(config), client, std::move(question));
        if (!job) co_return job.error();
        if (*job) answer->jobs.push_back(std::move(**job));
    }
    co_return answer;
}

result<hub_answer> ask_supabase(const configuration& config, const std::string& asked, http::client& client,
                                asio::io_context& io) {
    const auto hub = supabase::make_hub(supabase_settings_of(config), client);
    result<hub_answer> answer = failure{};
    std::exception_ptr broken;
    asio::co_spawn(io, ask_all(*hub, asked, config, client),
                   [&](const std::exception_ptr& why, result<hub_answer> given) {
                       broken = why;
                       answer = std::move(given);
                       io.stop();
                   });
    io.run();
    if (broken) std::rethrow_exception(broken);
    return answer;
}

const site_record* remembered(const memories& known, const std::string& id) {
    const auto found = std::ranges::find(known.sites, id, &site_record::site_id);
    return found == known.sites.end() ? nullptr : &*found;
}

void explain_rows(const std::vector<site>& rows, const known_world& world, explained_sites& into) {
    for (const auto& row : rows) {
        const auto* record = world.memory ? remembered(*world.memory, row.id) : nullptr;
        into.sites.push_back(explain(row, record ? std::optional(*record) : std::nullopt, world));
    }
}

// What is remembered of sites whose rows are gone, or cannot be asked for.
void explain_remembered(const std::string& asked, const std::vector<site>& rows, const known_world& world,
                        explained_sites& into) {
    for (const auto& record : world.memory->sites) {
        const bool meant = record.site_id == asked || is_same_domain(record.domain, asked);
        if (meant && std::ranges::find(rows, record.site_id, &site::id) == rows.end())
            into.sites.push_back(explain(std::nullopt, record, world));
    }
}

known_world world_of(const configuration& config) {
    known_world world;
    const auto runner = dispatcher_settings_of(config).runner;
    world.retry = runner.machine.retry;
    world.default_server = runner.default_server;
    world.orders_per_server_per_3h = static_cast<std::size_t>(config.certificates.orders_per_server_per_3h);
    world.now = std::chrono::system_clock::now();
    return world;
}

// Where daemons share the queue, what they remember is there.
memories shared_memory(const std::vector<shared_queue::job_view>& jobs, std::vector<std::string>& notes) {
    memories known;
    std::map<std::uint64_t, order_record> orders; // of two rows, some may be the same
    for (const auto& job : jobs) {
        known.incidents.insert(known.incidents.end(), job.incidents.begin(), job.incidents.end());
        known.servers.insert(known.servers.end(), job.servers.begin(), job.servers.end());
        for (const auto& order : job.orders)
            orders.emplace(order.id, order);
        if (!job.record) continue;
        known.sites.push_back(*job.record);
        if (!job.worker.empty())
            notes.push_back("the daemon " + plain_text(job.worker, longest_question) + " on " +
                            plain_text(job.host, longest_question) + " works on site " +
                            plain_text(job.record->site_id, longest_question) + " now");
    }
    for (auto& [id, order] : orders)
        known.orders.push_back(std::move(order));
    return known;
}

result<std::optional<memories>> recall(const configuration& config, std::vector<std::string>& notes) {
    auto memory = read_store(config.daemon.state_dir);
    if (!memory)
        notes.push_back(plain_text(memory.error().detail, longest_question));
    else if (!*memory)
        notes.push_back("there is no memory in " + config.daemon.state_dir.string() +
                        ": no daemon has worked with it");
    return memory;
}

} // namespace

int run_explain(const command_line& line, const configuration& config) try {
    asio::io_context io(1);
    const auto names = dns::make_resolver(io.get_executor());
    const auto client = http::make_client(io.get_executor(), supabase_http(config), *names);
    if (!client) {
        std::cerr << "hosting-automatord: " << client.error().detail << '\n';
        return wrong_usage;
    }
    explained_sites found;
    const auto answer = ask_supabase(config, line.explained, **client, io);
    if (!answer)
        found.notes.push_back("Supabase cannot be asked, so what follows is from memory alone: " +
                              plain_text(answer.error().detail, longest_question));
    result<std::optional<memories>> memory = std::optional<memories>();
    known_world world = world_of(config);
    if (answer) world.servers = &answer->servers;
    if (config.is_shared()) {
        if (answer) memory = std::optional(shared_memory(answer->jobs, found.notes));
    } else {
        memory = recall(config, found.notes);
        // Who may not look into the folder cannot see who holds it either.
        world.nobody_works = memory && !holder_of(config.daemon.state_dir);
    }
    if (memory && *memory) world.memory = &**memory;
    static const std::vector<site> none;
    const auto& rows = answer ? answer->rows : none;
    explain_rows(rows, world, found);
    if (world.memory) explain_remembered(line.explained, rows, world, found);
    if (found.sites.empty())
        found.notes.push_back("no site is known by the domain or id '" +
                              plain_text(line.explained, longest_question) + "'");
    std::cout << (line.json ? explained_json(found) : explained_text(found)) << std::flush;
    if (!answer) return no_supabase;
    return found.sites.empty() ? not_all_well : all_well;
} catch (const std::exception& e) {
    std::cerr << "hosting-automatord: ended by an error of its own: " << e.what() << '\n';
    return not_all_well;
}

} // namespace hosting
