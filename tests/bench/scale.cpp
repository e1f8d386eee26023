// What the core itself takes for a site and for a poll, in virtual time.
//
// scale SITES SERVERS; prints JSON, in microseconds of the processor.
#include "core/dispatcher.hpp"
#include "tests/bench/scale_world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <cstdio>
#include <iostream>

namespace {

using namespace bench;

constexpr std::size_t polls = 400;
constexpr std::chrono::hours never{24 * 365 * 20};

// Runs the core as a daemon until `done`.
void run_until(world& w, std::chrono::milliseconds poll_interval, const std::function<bool()>& done) {
    dispatcher_settings settings;
    settings.poll_interval = poll_interval;
    const auto core = make_dispatcher(w.io.get_executor(), settings, w.ports);
    bool ended = false;
    asio::co_spawn(w.io, core->run({}), [&](const std::exception_ptr& broken, const dispatcher_summary&) {
        if (broken) std::rethrow_exception(broken);
        ended = true;
    });
    if (!w.time.run_until(done)) throw std::runtime_error("nothing happens any more");
    core->stop();
    w.time.run_until([&] { return ended; });
}

// All rows from pending to active.
double microseconds_for_a_site(std::size_t sites, std::size_t servers) {
    world w(sites, servers, true);
    w.queue.on_poll = [](std::size_t, bool) {};
    const double before = cpu_seconds();
    run_until(w, never, [&] { return w.queue.left() == 0; });
    return (cpu_seconds() - before - w.queue.own_cpu_seconds) / static_cast<double>(sites) * 1e6;
}

// What one kind of poll took, up to the next one.
struct kind_of_poll {
    std::size_t count = 0;
    std::size_t rows = 0;
    double seconds = 0;
};

struct poll_costs {
    kind_of_poll page, whole;
};

// Nothing to do: every server is paused, and every row waits.
poll_costs costs_of_polls(std::size_t sites, std::size_t servers) {
    world w(sites, servers, false);
    poll_costs found;
    std::size_t seen = 0;
    kind_of_poll* last = nullptr;
    double at = 0;
    w.queue.on_poll = [&](std::size_t rows, bool all) {
        const double now = cpu_seconds() - w.queue.own_cpu_seconds;
        if (last) last->seconds += now - at;
        // The first one makes all rows known.
        last = ++seen < 3 ? nullptr : all ? &found.whole : &found.page;
        if (last) ++last->count, last->rows += rows;
        at = now;
    };
    run_until(w, std::chrono::seconds(5), [&] { return seen > polls; });
    return found;
}

double microseconds(const kind_of_poll& k, std::size_t per) {
    return per == 0 ? 0 : k.seconds / static_cast<double>(per) * 1e6;
}

} // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 3) throw std::runtime_error("scale SITES SERVERS");
        const std::size_t sites = std::stoul(argv[1]);
        const std::size_t servers = std::stoul(argv[2]);
        const auto polled = costs_of_polls(sites, servers);
        const auto& usual = polled.page.count > 0 ? polled.page : polled.whole;
        std::printf("{\"sites\": %zu, \"servers\": %zu, \"site_us\": %.3f, \"poll_us\": %.3f, "
                    "\"whole_us_per_row\": %.3f}\n",
                    sites, servers, microseconds_for_a_site(sites, servers), microseconds(usual, usual.count),
                    microseconds(polled.whole, polled.whole.rows));
        return 0;
    } catch (const std::exception& broken) {
        std::cerr << broken.what() << '\n';
        return 1;
    }
}
