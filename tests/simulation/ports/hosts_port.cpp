#include "tests/simulation/ports/hosts_port.hpp"

namespace simulation {

using hosting::creation;
using hosting::creation_result;
using hosting::errc;
using hosting::failure;
using hosting::installation;
using hosting::installation_result;
using hosting::result;
using hosting::server;
using hosting::site_view;
using hosting::stage;

namespace {

constexpr milliseconds site_add_timeout = 3min;
constexpr milliseconds certificate_timeout = 10min;
constexpr milliseconds lock_wait = certificate_timeout + 60s;
constexpr milliseconds grace = 20s; // beyond what the script may take
constexpr milliseconds key_recheck = 5s;
constexpr milliseconds connect_timeout = 20s;
constexpr milliseconds keepalive = 30s;
constexpr unsigned most_rounds = 8;

bool is_refusal(errc code) { return hosting::cloudpanel::is_refusal(code); }

failure outcome_unknown() { return {errc::ssh_outcome_unknown, "the connection broke"}; }

} // namespace

void hosts_port::recall(std::vector<hosting::server_facts> known, std::string) {
    places_.recall(std::move(known), clock_.now());
}

asio::awaitable<result<site_view>> hosts_port::look(server where, std::string domain) {
    co_await clock_.pass(100ms);
    auto* at = world_.machine_at(where.address);
    if (!at || world_.is_away(where.address, clock_.daemon()))
        co_return failure{errc::ssh_unreachable, "the server cannot be reached"};
    co_return at->view(domain);
}

script hosts_port::make_script(const begun_call& c, milliseconds limit) const {
    script s;
    s.lock_wait = lock_wait;
    s.limit = limit;
    s.of = c.get();
    s.decided_at = clock_.wall();
    s.takes_lock = world_.settings.broken != broken_rule::no_lock;
    s.looks = world_.settings.broken != broken_rule::no_look;
    s.fenced = world_.settings.broken != broken_rule::no_fence;
    return s;
}

asio::awaitable<result<creation_result>> hosts_port::create_site(server where, creation what) {
    const begun_call c(world_, clock_.daemon(), stage::site, world_.site_with(what.domain), where.address);
    world_.on_servers.step_begins(where.address, keys_.is_paused(where.id));
    world_.on_leases.step_begins(*c.get(), what.guard);
    c->is_step = true;
    script s = make_script(c, site_add_timeout);
    const std::string user = what.user;
    s.what = std::move(what);
    auto ended = co_await run(c, where, std::move(s));
    if (auto* why = std::get_if<failure>(&ended)) co_return c.failed(std::move(*why));
    const auto made = std::get<creation_result>(ended);
    places_.note_work(where, made.what == creation_result::kind::created);
    c.answered();
    if (made.what != creation_result::kind::user_used)
        world_.stories.server_served(*c.get());
    else
        world_.stories.of(c->site).heard.insert(errc::site_names_used);
    if (made.what == creation_result::kind::created && made.view.owner != user)
        world_.stories.answered_badly(*c.get(), errc::panel_unexpected_answer);
    co_return made;
}

asio::awaitable<result<installation_result>> hosts_port::install_certificate(server where,
                                                                             installation what) {
    const begun_call c(world_, clock_.daemon(), stage::certificate, world_.site_with(what.domain),
                       where.address);
    world_.on_servers.step_begins(where.address, keys_.is_paused(where.id));
    world_.on_leases.step_begins(*c.get(), what.guard);
    c->is_step = true;
    script s = make_script(c, certificate_timeout);
    s.what = std::move(what);
    auto ended = co_await run(c, where, std::move(s));
    if (auto* why = std::get_if<failure>(&ended)) co_return c.failed(std::move(*why));
    const auto done = std::get<installation_result>(ended);
    const bool said = done.what == installation_result::kind::installed;
    places_.note_work(where, said);
    c.answered();
    world_.stories.server_served(*c.get());
    const auto keep = world_.settings.promised.runner.machine.keep_if_valid_for;
    if (said && judge(done.view.installed, clock_.wall(), keep) != hosting::certificate_verdict::good)
        world_.stories.answered_badly(*c.get(), errc::cert_not_good);
    co_return done;
}

// With at most one login for each key while it is not known to be good.
asio::awaitable<script_end> hosts_port::run(const begun_call& c, server where, script what) {
    auto failed = co_await refresh_key(where);
    if (failed) co_return std::move(*failed);
    for (unsigned round = 0; round < most_rounds; ++round) {
        if (const auto* why = places_.refusal(where, clock_.steady())) co_return *why;
        failed = co_await be_connected(c, where);
        if (!failed) co_return co_await execute(c, where, std::move(what));
        if (!is_refusal(failed->code)) co_return std::move(*failed);
    }
    co_return failure{errc::ssh_not_started, "other keys than this row's are refused again and again"};
}

asio::awaitable<std::optional<failure>> hosts_port::refresh_key(server where) {
    const auto began = clock_.steady();
    if (places_.is_fresh(where, key_recheck, began)) co_return std::nullopt;
    auto read = co_await keys_.private_key(where.id);
    if (!read) {
        if (places_.key(where)) co_return std::nullopt;
        if (read.error().code == errc::server_unknown) co_return read.error();
        co_return failure{errc::supabase_unreachable, "the server's private key cannot be read"};
    }
    if (places_.set_key(where, std::move(*read), began)) sessions_.erase(place_of(where));
    co_return std::nullopt;
}

asio::awaitable<std::optional<failure>> hosts_port::be_connected(const begun_call& c, server where) {
    const std::string place = place_of(where);
    auto* at = world_.machine_at(where.address);
    const bool away = !at || world_.is_away(where.address, clock_.daemon());
    const auto session = sessions_.find(place);
    if (c->fate == fault::unreachable || away ||
        (session != sessions_.end() && session->second != at->boots()))
        sessions_.erase(place);
    if (sessions_.contains(place)) co_return std::nullopt;
    if (c->fate == fault::unreachable || away) {
        co_await clock_.pass(world_.now.chance.chance(0.5) ? 50ms : connect_timeout);
        co_return failure{errc::ssh_unreachable, "the server cannot be reached"};
    }
    co_return co_await log_in(where);
}

asio::awaitable<std::optional<failure>> hosts_port::log_in(server where) {
    co_await clock_.pass(world_.now.chance.between(100ms, 600ms));
    auto* at = world_.machine_at(where.address);
    if (!at || world_.is_away(where.address, clock_.daemon()))
        co_return failure{errc::ssh_unreachable, "the server cannot be reached"};
    const std::string place = place_of(where);
    const std::string shown = at->host_key_replaced ? "another one" : at->host_key;
    const auto known = world_.daemons.at(clock_.daemon()).state.host_keys.try_emplace(place, shown).first;
    if (known->second != shown) {
        refused(where, errc::ssh_host_key);
        co_return failure{errc::ssh_host_key, "the host key is not the one we know"};
    }
    const auto* key = places_.key(where);
    const bool accepted = !at->key_taken && at->keys.contains(key->reveal());
    world_.on_servers.login(clock_.daemon(), where.address, key->reveal(), accepted);
    if (!accepted) {
        refused(where, errc::ssh_auth);
        co_return failure{errc::ssh_auth, "the server refused the key"};
    }
    places_.note_login(where, hosting::cloudpanel::digest_of(*key), std::nullopt, clock_.now());
    sessions_[place] = at->boots();
    co_return std::nullopt;
}

void hosts_port::refused(const server& where, errc cause) {
    const failure why{cause, cause == errc::ssh_auth ? "the key is refused" : "the host key is another one"};
    places_.note_login(where, hosting::cloudpanel::digest_of(*places_.key(where)), why, clock_.now());
    if (world_.settings.broken == broken_rule::keys_hammered) places_.forget_refusals();
}

asio::awaitable<script_end> hosts_port::execute(const begun_call& c, server where, script what) {
    if (c->fate == fault::no_room) {
        co_await clock_.pass(1s);
        co_return failure{errc::ssh_not_started, "the server has no free channel"};
    }
    const milliseconds deadline = what.lock_wait + what.limit + grace;
    auto box = std::make_shared<letter_box<script_end>>();
    auto& time = world_.now.time;
    auto& chance = world_.now.chance;
    const auto breaks = [&](milliseconds when) {
        sessions_.erase(place_of(where));
        time.after(when, [box] { box->put(outcome_unknown()); });
    };
    const bool lost_after = c->fate == fault::lost_after;
    if (c->fate == fault::lost_before) {
        breaks(chance.between(1s, 90s));
    } else {
        const bool breaks_early = lost_after && chance.chance(0.5);
        if (breaks_early) breaks(chance.between(50ms, 40s));
        // Outlives us, so it holds nothing of ours.
        machine::on_end done = [box, &w = world_, address = where.address, from = clock_.daemon(),
                                lost_after](script_end how) {
            if (lost_after)
                how = outcome_unknown();
            else if (w.is_away(address, from))
                return; // what cannot be reached cannot answer
            const auto back = lost_after ? w.now.chance.between(0ms, 60s) : w.now.chance.between(5ms, 80ms);
            w.now.time.after(back, [box, how = std::move(how)] { box->put(how); });
        };
        world_.machine_at(where.address)->run(std::move(what), std::move(done));
    }
    auto ended = co_await wait_for(std::move(box), where, deadline);
    if (auto* why = std::get_if<failure>(&ended)) {
        if (is_refusal(why->code)) co_return places_.note_failure(where, std::move(*why), clock_.now());
        const bool answers = why->code != errc::ssh_outcome_unknown && why->code != errc::panel_broken &&
                             why->code != errc::step_timeout && why->code != errc::panel_busy;
        if (answers) places_.note_work(where, true);
    }
    co_return ended;
}

// Whether the other side still lives is asked every now and then.
asio::awaitable<script_end> hosts_port::wait_for(std::shared_ptr<letter_box<script_end>> box, server where,
                                                 milliseconds deadline) {
    const auto end = clock_.steady() + deadline;
    const auto* at = world_.machine_at(where.address);
    const unsigned boots = at->boots();
    for (unsigned silent = 0; clock_.steady() < end && silent < 2;) {
        const auto left = std::chrono::duration_cast<milliseconds>(end - clock_.steady());
        const auto patience = std::min(left, keepalive);
        auto ended = co_await letter_box<script_end>::wait(box, clock_, patience);
        if (ended) co_return std::move(*ended);
        if (at->boots() != boots) break;
        silent = world_.is_away(where.address, clock_.daemon()) ? silent + 1 : 0;
    }
    sessions_.erase(place_of(where));
    co_return outcome_unknown();
}

} // namespace simulation
