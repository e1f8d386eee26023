#include "tests/simulation/world/troubles.hpp"

#include <algorithm>

namespace simulation {
namespace {

std::string name(const whom& w) {
    if (w.daemon) return " of daemon " + std::to_string(*w.daemon + 1) + name({w.server, w.site});
    if (!w.server.empty()) return " of " + w.server;
    return w.site.empty() ? std::string() : " of " + w.site;
}

// What others than sites notice, too.
bool is_general(fault f) {
    return f == fault::supabase_down || f == fault::supabase_refuses || f == fault::memory_fails ||
           f == fault::clock_back || f == fault::clock_forward;
}

} // namespace

bool troubles::concerns(const whom& w, const call& c) {
    return (w.server.empty() || w.server == c.server) && (w.site.empty() || w.site == c.site) &&
           (!w.daemon || *w.daemon == c.daemon);
}

void troubles::strike(fault what, const whom& concerned) {
    scene_.say("fault: " + std::string(to_string(what)) + name(concerned));
    scene_.counts.came(what);
    for (const auto& c : calls_)
        if (concerns(concerned, *c)) scene_.counts.met(what, c->at);
    if (!concerned.server.empty()) last_of_server_[concerned.server] = scene_.time.now();
    if (is_general(what)) last_of_all_ = scene_.time.now();
}

void troubles::begin(fault what, const whom& concerned, milliseconds length, std::function<void()> at_end) {
    strike(what, concerned);
    const auto added =
        now_.insert(now_.end(), trouble{what, concerned, {}, next_number_++, std::move(at_end)});
    added->end = scene_.time.after(length, [this, added] { over(added); });
}

void troubles::over(std::list<trouble>::iterator which) {
    scene_.say("over: " + std::string(to_string(which->what)) + name(which->concerned));
    if (!which->concerned.server.empty()) last_of_server_[which->concerned.server] = scene_.time.now();
    if (is_general(which->what)) last_of_all_ = scene_.time.now();
    const auto at_end = std::move(which->at_end);
    now_.erase(which);
    if (at_end) at_end();
}

void troubles::end_all() {
    while (!now_.empty()) {
        scene_.time.cancel(now_.front().end);
        over(now_.begin());
    }
}

bool troubles::any(fault what) const {
    return std::ranges::any_of(now_, [&](const trouble& t) { return t.what == what; });
}

bool troubles::of_server(fault what, const std::string& address) const {
    return std::ranges::any_of(now_, [&](const trouble& t) {
        return t.what == what && (t.concerned.server.empty() || t.concerned.server == address);
    });
}

bool troubles::of_site(fault what, const std::string& id) const {
    return std::ranges::any_of(now_, [&](const trouble& t) {
        return t.what == what && (t.concerned.site.empty() || t.concerned.site == id);
    });
}

bool troubles::of_daemon(fault what, std::size_t which) const {
    return std::ranges::any_of(
        now_, [&](const trouble& t) { return t.what == what && t.concerned.daemon == which; });
}

bool troubles::of_link(std::size_t daemon, const std::string& address) const {
    return std::ranges::any_of(now_, [&](const trouble& t) {
        return t.what == fault::link_cut && t.concerned.daemon == daemon && t.concerned.server == address;
    });
}

std::uint64_t troubles::number_of(fault what, const std::string& address) const {
    const auto found = std::ranges::find_if(
        now_, [&](const trouble& t) { return t.what == what && t.concerned.server == address; });
    return found == now_.end() ? 0 : found->number;
}

steady_time troubles::last_of_server(const std::string& address) const {
    const auto known = last_of_server_.find(address);
    auto last = std::max(last_of_all_, known == last_of_server_.end() ? steady_time::min() : known->second);
    for (const auto& t : now_)
        if (t.concerned.server == address || is_general(t.what)) last = scene_.time.now();
    return last;
}

void troubles::call_begins(const call_ptr& c) {
    c->since = scene_.time.now();
    calls_.push_back(c);
    for (const auto& t : now_)
        if (concerns(t.concerned, *c)) scene_.counts.met(t.what, c->at);
}

} // namespace simulation
