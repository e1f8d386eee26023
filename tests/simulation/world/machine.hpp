// A CloudPanel server: what stands on its disk, its lock, and clpctl. What runs on it runs by itself, whether
// or not anybody waits for it.
#pragma once

#include "core/result.hpp"
#include "core/steps.hpp"
#include "tests/simulation/world/lets_encrypt.hpp"
#include "tests/simulation/world/troubles.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>

namespace simulation {

// What the remote script is asked to do, with its limits.
struct script {
    std::variant<hosting::creation, hosting::installation> what;
    milliseconds lock_wait{};
    milliseconds limit{};   // of clpctl
    bool takes_lock = true; // false, and looks = false: what a script of ours never is
    bool looks = true;
    bool fenced = true;   // false: the same
    call_ptr of;          // the call that sent it, with its fate
    wall_time decided_at; // the daemon's clock when it was sent
};
using script_end = std::variant<hosting::failure, hosting::creation_result, hosting::installation_result>;

// What others want to hear of a machine.
class machine_watch {
public:
    virtual ~machine_watch() = default;
    virtual void command_begins(const std::string& address, const std::string& domain,
                                std::size_t running) = 0;
    // Under the lock; `shown`: what the script brought.
    virtual void begins_under(const std::string& address, const std::string& domain,
                              const hosting::fence& shown) = 0;
    virtual void site_added(const std::string& address, const std::string& domain) = 0;
    virtual void site_asked_again(const std::string& address, const std::string& domain) = 0;
    virtual void order_sent(const std::string& address, const std::string& domain,
                            const lets_encrypt::answer& answer) = 0;
    // `before`: what was installed until now; `decided_at`: the daemon's clock when it asked for another.
    virtual void certificate_issued(const std::string& address, const std::string& domain,
                                    const std::optional<hosting::certificate>& before,
                                    wall_time decided_at) = 0;
    // It could not be stored.
    virtual void certificate_wasted(const std::string& address, const std::string& domain) = 0;
};

class machine {
public:
    machine(scene& s, troubles& t, lets_encrypt& ca, machine_watch& watch, std::string address);

    const std::string address;
    std::string host_key;
    std::set<std::string> keys;     // that may log in
    bool key_taken = false;         // none may, for the time being
    bool host_key_replaced = false; // it shows another one, for the time being

    // Its disk.
    std::set<std::string> users;                              // Linux's
    std::set<std::string> folders;                            // "user/domain"
    std::map<std::string, std::string> vhosts;                // the owner in the root, by domain
    std::map<std::string, std::string> rows;                  // the panel's sites: the user, by domain
    std::map<std::string, hosting::certificate> certificates; // by domain
    void forget(const std::string& domain);                   // a site that nobody will ask about any more

    using on_end = std::function<void(script_end)>;
    // `done` is called at its end, unless the machine goes down before.
    void run(script what, on_end done);
    void reboot();
    [[nodiscard]] unsigned boots() const noexcept { return boots_; }
    [[nodiscard]] bool is_idle() const noexcept { return commands_ == 0 && !holder_ && waiting_.empty(); }

    // Somebody else's hands.
    void hold_lock(milliseconds length);
    void renew_certificate(const std::string& domain);
    void add_site(const std::string& domain, const std::string& user);
    void lose_certificate(const std::string& domain, const std::string& how);

    [[nodiscard]] hosting::site_view view(const std::string& domain) const;

private:
    struct running {
        script what;
        on_end done;
        unsigned boot = 0;
        std::function<void()> locked{}; // what is to be done under the lock
        bool dead = false;              // its clpctl was killed by its limit
        bool late = false;              // its clpctl goes on beyond its limit
        bool over = false;              // its clpctl has ended
        std::string seen{};             // the mark of the certificate that it saw
    };
    using running_ptr = std::shared_ptr<running>;

    [[nodiscard]] bool is(fault f) const { return troubles_.of_server(f, address); }
    void after(const running_ptr& r, milliseconds delay, std::function<void()> what);
    void take_lock(const running_ptr& r);
    void give_lock();
    [[nodiscard]] bool is_fenced_off(const running_ptr& r);
    void end(const running_ptr& r, script_end how);

    void look_and_create(const running_ptr& r);
    void look_and_install(const running_ptr& r);
    [[nodiscard]] std::optional<script_end> ends_at_once(const running_ptr& r);
    [[nodiscard]] milliseconds command_begins(const running_ptr& r, const std::string& domain,
                                              milliseconds usual);
    void command_ends(const running_ptr& r, script_end how);
    void create_step(const running_ptr& r, milliseconds whole, unsigned step);
    void do_create_step(const hosting::creation& what, unsigned step);
    void order(const running_ptr& r, milliseconds whole);
    void issue(const running_ptr& r, milliseconds whole);
    void install(const running_ptr& r);
    [[nodiscard]] hosting::certificate make_certificate(bool self_signed);

    scene& scene_;
    troubles& troubles_;
    lets_encrypt& ca_;
    machine_watch& watch_;
    unsigned boots_ = 0;
    running_ptr holder_; // of the lock
    std::map<std::pair<std::string, std::string>, std::uint64_t>
        fences_; // the highest token, by queue and domain
    std::deque<running_ptr> waiting_;
    std::size_t commands_ = 0; // mutating ones that run
    unsigned long next_mark_ = 1;
    std::set<std::string> by_others_; // marks of certificates that another hand installed
};

} // namespace simulation
