#include "tests/simulation/world/machine.hpp"

#include <algorithm>
#include <array>

namespace simulation {

using hosting::creation;
using hosting::creation_result;
using hosting::errc;
using hosting::failure;
using hosting::installation;
using hosting::installation_result;

namespace {

// What site:add does, in its order: user, folder, certificate, vhost, and last its row.
constexpr std::array<double, 5> create_times{0.1, 0.3, 0.5, 0.7, 1.0};
constexpr unsigned row_step = 4;

milliseconds share(milliseconds whole, double part) {
    return milliseconds(static_cast<std::int64_t>(part * static_cast<double>(whole.count())));
}

} // namespace

machine::machine(scene& s, troubles& t, lets_encrypt& ca, machine_watch& watch, std::string at)
    : address(std::move(at))
    , scene_(s)
    , troubles_(t)
    , ca_(ca)
    , watch_(watch) {}

void machine::run(script what, on_end done) {
    auto r = std::make_shared<running>(running{std::move(what), std::move(done), boots_, {}, {}});
    const bool creates = std::holds_alternative<creation>(r->what.what);
    r->locked = [this, raw = r.get(), weak = std::weak_ptr(r), creates] {
        const auto self = weak.lock();
        if (is_fenced_off(self))
            return after(self, 50ms, [this, self] {
                end(self, failure{errc::lease_lost, "another daemon has taken the site over"});
            });
        after(self, 150ms,
              [this, self, creates] { creates ? look_and_create(self) : look_and_install(self); });
    };
    if (r->what.takes_lock)
        take_lock(r);
    else
        r->locked();
}

void machine::reboot() {
    ++boots_;
    holder_.reset();
    waiting_.clear();
    commands_ = 0;
}

void machine::after(const running_ptr& r, milliseconds delay, std::function<void()> what) {
    scene_.time.after(delay, [this, r, what = std::move(what)] {
        if (r->boot == boots_) what();
    });
}

void machine::take_lock(const running_ptr& r) {
    if (!holder_) {
        holder_ = r;
        return r->locked();
    }
    waiting_.push_back(r);
    after(r, r->what.lock_wait, [this, r] {
        if (std::erase(waiting_, r) > 0)
            r->done(failure{errc::panel_busy, "another command has held the lock on the server"});
    });
}

bool machine::is_fenced_off(const running_ptr& r) {
    const auto* create = std::get_if<creation>(&r->what.what);
    const auto& domain = create ? create->domain : std::get<installation>(r->what.what).domain;
    const auto& shown = create ? create->guard : std::get<installation>(r->what.what).guard;
    if (shown.queue.empty()) return false;
    auto& highest = fences_[{shown.queue, domain}];
    if (r->what.fenced && shown.token < highest) return true;
    highest = std::max(highest, shown.token);
    watch_.begins_under(address, domain, shown);
    return false;
}

// Among several daemons nobody can rely on the order of those that wait.
void machine::give_lock() {
    holder_.reset();
    if (waiting_.empty()) return;
    const bool fair = scene_.clocks.size() == 1;
    const auto next =
        waiting_.begin() + static_cast<std::ptrdiff_t>(fair ? 0 : scene_.chance.below(waiting_.size()));
    holder_ = *next;
    waiting_.erase(next);
    holder_->locked();
}

void machine::end(const running_ptr& r, script_end how) {
    if (holder_ == r) give_lock();
    if (r->what.of) r->what.of->is_done();
    r->done(std::move(how));
}

void machine::hold_lock(milliseconds length) {
    auto r = std::make_shared<running>(running{{}, {}, boots_, {}, {}});
    r->what.lock_wait = 24h;
    r->done = [](const script_end&) {};
    r->locked = [this, weak = std::weak_ptr(r), length] {
        const auto self = weak.lock();
        after(self, length, [this, self] { give_lock(); });
    };
    take_lock(r);
}

void machine::look_and_create(const running_ptr& r) {
    const auto& what = std::get<creation>(r->what.what);
    if (r->what.looks) {
        creation_result seen;
        seen.view = view(what.domain);
        if (!what.over_orphan && vhosts.contains(what.domain)) return end(r, seen);
        seen.what = creation_result::kind::user_used;
        seen.orphan = folders.contains(what.user + "/" + what.domain);
        if (users.contains(what.user)) return end(r, seen);
    }
    if (auto over = ends_at_once(r))
        return after(r, 300ms, [this, r, how = std::move(*over)] { end(r, how); });
    if (is(fault::no_suffix_list))
        return after(r, 10s, [this, r] {
            end(r, failure{errc::panel_suffix_list, "clpctl cannot fetch the Public Suffix List"});
        });
    if (rows.contains(what.domain)) {
        watch_.site_asked_again(address, what.domain);
        return after(r, 400ms, [this, r] {
            end(r, failure{errc::site_refused, "domainName: This value already exists."});
        });
    }
    const auto whole = command_begins(r, what.domain, scene_.chance.between(2s, 8s));
    create_step(r, whole, 0);
}

// Each step when its time has come, or what keeps it from being done.
void machine::create_step(const running_ptr& r, milliseconds whole, unsigned step) {
    const double before = step == 0 ? 0 : create_times[step - 1];
    after(r, share(whole, create_times[step] - before), [this, r, whole, step] {
        if (r->dead) return;
        const auto& fate = r->what.of->fate;
        const auto breaks_at = static_cast<unsigned>(r->what.of->where * create_times.size());
        if (fate == fault::fails && step == breaks_at)
            return command_ends(
                r, failure{errc::site_step, "clpctl site:add failed at step " + std::to_string(step)});
        if (is(fault::disk_full))
            return command_ends(r, failure{errc::panel_disk_full, "the server's disk is full"});
        if (is(fault::database_locked) && step == row_step)
            return after(r, scene_.chance.between(1s, 60s), [this, r] {
                command_ends(r, failure{errc::panel_database_locked, "the panel's database is locked"});
            });
        do_create_step(std::get<creation>(r->what.what), step);
        if (step < row_step) return create_step(r, whole, step + 1);
        watch_.site_added(address, std::get<creation>(r->what.what).domain);
        creation_result made;
        made.what = creation_result::kind::created;
        made.view = view(std::get<creation>(r->what.what).domain);
        command_ends(r, made);
    });
}

void machine::do_create_step(const creation& what, unsigned step) {
    switch (step) {
    case 0: users.insert(what.user); break;
    case 1: folders.insert(what.user + "/" + what.domain); break;
    case 2: certificates[what.domain] = make_certificate(true); break;
    case 3: vhosts[what.domain] = what.user; break;
    default: rows[what.domain] = what.user;
    }
}

void machine::look_and_install(const running_ptr& r) {
    const auto& what = std::get<installation>(r->what.what);
    const auto seen = certificates.find(what.domain);
    const std::string mark = seen == certificates.end() ? std::string() : seen->second.mark;
    r->seen = mark;
    if (r->what.looks && mark != what.mark) {
        installation_result guarded;
        guarded.view = view(what.domain);
        return end(r, guarded);
    }
    if (auto over = ends_at_once(r))
        return after(r, 300ms, [this, r, how = std::move(*over)] { end(r, how); });
    const auto whole = command_begins(r, what.domain, scene_.chance.between(15s, 60s));
    if (!rows.contains(what.domain))
        return after(r, 1s, [this, r] {
            command_ends(r, failure{errc::site_half_made, "clpctl says that the site does not exist"});
        });
    after(r, share(whole, 0.6), [this, r, whole] {
        if (!r->dead) order(r, whole);
    });
}

void machine::order(const running_ptr& r, milliseconds whole) {
    const auto& what = std::get<installation>(r->what.what);
    if (r->what.of->fate == fault::fails) {
        constexpr std::array causes{errc::cert_account, errc::cert_validation, errc::cert_dns};
        const auto code = causes[static_cast<std::size_t>(r->what.of->where * causes.size())];
        return command_ends(r, failure{code, "the order failed"});
    }
    if (is(fault::database_locked) && scene_.chance.chance(0.5))
        return command_ends(r, failure{errc::panel_database_locked, "the panel's database is locked"});
    const auto answer = ca_.order(address, what.domain, r->what.of->site);
    watch_.order_sent(address, what.domain, answer);
    switch (answer.what) {
    case lets_encrypt::answer::kind::accepted: break;
    case lets_encrypt::answer::kind::rate_limited:
        return command_ends(r, failure{errc::cert_rate_limit, "429 Too Many Requests", answer.retry_after});
    case lets_encrypt::answer::kind::not_validated:
        return command_ends(r, failure{errc::cert_validation, "Domain could not be validated"});
    case lets_encrypt::answer::kind::no_address:
        return command_ends(r, failure{errc::cert_dns, "DNS problem: NXDOMAIN"});
    }
    after(r, share(whole, 0.3), [this, r, whole] {
        if (!r->dead) issue(r, whole);
    });
}

void machine::issue(const running_ptr& r, milliseconds whole) {
    const auto& domain = std::get<installation>(r->what.what).domain;
    std::optional<hosting::certificate> before;
    if (const auto found = certificates.find(domain); found != certificates.end()) before = found->second;
    // What another hand installed since the look, nobody can know of.
    if (before && before->mark != r->seen && by_others_.contains(before->mark)) before.reset();
    watch_.certificate_issued(address, domain, before, r->what.decided_at);
    ca_.issued(domain);
    after(r, share(whole, 0.1), [this, r] {
        if (r->dead) return watch_.certificate_wasted(address, std::get<installation>(r->what.what).domain);
        install(r);
    });
}

void machine::install(const running_ptr& r) {
    const auto& domain = std::get<installation>(r->what.what).domain;
    if (is(fault::disk_full) || is(fault::database_locked)) watch_.certificate_wasted(address, domain);
    if (is(fault::disk_full))
        return command_ends(r, failure{errc::panel_disk_full, "the server's disk is full"});
    if (is(fault::database_locked))
        return command_ends(r, failure{errc::panel_database_locked, "the panel's database is locked"});
    certificates[domain] = make_certificate(false);
    installation_result done;
    done.what = installation_result::kind::installed;
    done.view = view(domain);
    command_ends(r, done);
}

// What clpctl says before it does anything.
std::optional<script_end> machine::ends_at_once(const running_ptr& r) {
    if (is(fault::clpctl_missing)) return failure{errc::clpctl_missing, "the server has no clpctl"};
    if (is(fault::no_privilege)) return failure{errc::clpctl_privilege, "clpctl may not be used"};
    if (is(fault::panel_broken)) return failure{errc::panel_broken, "clpctl cannot start"};
    const auto& c = *r->what.of;
    if (c.fate == fault::refused) return failure{errc::site_refused, "clpctl refuses the name"};
    if (c.fate != fault::odd_answer) return std::nullopt;
    if (c.where < 0.5) return failure{errc::panel_unexpected_answer, "clpctl says what no page describes"};
    // Success is reported, but nothing was done.
    if (const auto* what = std::get_if<creation>(&r->what.what)) {
        creation_result made;
        made.what = creation_result::kind::created;
        made.view = view(what->domain);
        return made;
    }
    installation_result done;
    done.what = installation_result::kind::installed;
    done.view = view(std::get<installation>(r->what.what).domain);
    return done;
}

// Gives how long it will take.
milliseconds machine::command_begins(const running_ptr& r, const std::string& domain, milliseconds usual) {
    ++commands_;
    watch_.command_begins(address, domain, commands_);
    const auto& c = *r->what.of;
    const auto limit = r->what.limit;
    if (c.fate == fault::slow) return share(limit, 0.5 + 0.45 * c.where);
    if (c.fate != fault::overrun) return usual;
    after(r, limit, [this, r] {
        if (r->over) return;
        r->dead = r->what.of->where < 0.5;
        r->late = !r->dead;
        if (r->dead) command_ends(r, failure{});
    });
    return limit + share(r->what.lock_wait, 0.5 * c.where);
}

void machine::command_ends(const running_ptr& r, script_end how) {
    if (std::exchange(r->over, true)) return;
    --commands_;
    if (r->dead || r->late) how = failure{errc::step_timeout, "clpctl did not end within its time limit"};
    end(r, std::move(how));
}

hosting::site_view machine::view(const std::string& domain) const {
    hosting::site_view v;
    if (const auto vhost = vhosts.find(domain); vhost != vhosts.end()) {
        v.exists = true;
        v.owner = vhost->second;
        v.vhost_root = "/home/" + v.owner + "/htdocs/" + domain;
    }
    if (const auto found = certificates.find(domain); found != certificates.end())
        v.installed = found->second;
    return v;
}

hosting::certificate machine::make_certificate(bool self_signed) {
    hosting::certificate c;
    c.mark = address + "#" + std::to_string(next_mark_++);
    c.self_signed = self_signed;
    c.covers_domain = true;
    c.not_before = scene_.true_wall();
    c.not_after = c.not_before + std::chrono::hours(24 * (self_signed ? 365 : 90));
    return c;
}

void machine::renew_certificate(const std::string& domain) {
    certificates[domain] = make_certificate(false);
    by_others_.insert(certificates[domain].mark);
}

void machine::add_site(const std::string& domain, const std::string& user) {
    for (unsigned step = 0; step <= row_step; ++step)
        do_create_step({domain, user, false}, step);
}

void machine::lose_certificate(const std::string& domain, const std::string& how) {
    if (how == "gone") {
        certificates.erase(domain);
        return;
    }
    certificates[domain] = make_certificate(true);
}

void machine::forget(const std::string& domain) {
    if (const auto vhost = vhosts.find(domain); vhost != vhosts.end()) {
        users.erase(vhost->second);
        folders.erase(vhost->second + "/" + domain);
        vhosts.erase(vhost);
    }
    rows.erase(domain);
    certificates.erase(domain);
}

} // namespace simulation
