// What is the matter at present, with whom; and who is in a call meanwhile.
#pragma once

#include "tests/simulation/world/scene.hpp"

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace simulation {

// Whom a fault concerns. All empty: everybody.
struct whom {
    std::string server; // the machine's address
    std::string site;   // the row's id
    std::optional<std::size_t> daemon = std::nullopt;
};

// A call of a site in one of its stages, from when it is made until its end is heard.
struct call {
    hosting::stage at = hosting::stage::site;
    std::string site;
    std::string server; // of the site
    std::size_t daemon = 0;
    steady_time since;
    unsigned request = 0; // which of the site's
    bool is_step = false; // on a server, where it may change something

    // What is to strike it itself, and where: a share of its way.
    std::optional<fault> fate;
    double where = 0;
    // What is to happen when it has done its work, before the reply.
    std::function<void()> when_done;

    void is_done() {
        if (when_done) std::exchange(when_done, nullptr)();
    }
};
using call_ptr = std::shared_ptr<call>;

class troubles {
public:
    explicit troubles(scene& s)
        : scene_(s) {}

    // Lasts for `length` and then ends by itself.
    void begin(fault what, const whom& concerned, milliseconds length, std::function<void()> at_end = {});
    // Is over in a moment.
    void strike(fault what, const whom& concerned);
    // Something else is different there from now on.
    void changed(const std::string& address) { last_of_server_[address] = scene_.time.now(); }
    // Ends all that is the matter now.
    void end_all();

    [[nodiscard]] bool any(fault what) const;
    [[nodiscard]] bool of_server(fault what, const std::string& address) const;
    [[nodiscard]] bool of_site(fault what, const std::string& id) const;
    [[nodiscard]] bool of_daemon(fault what, std::size_t which) const;
    [[nodiscard]] bool of_link(std::size_t daemon, const std::string& address) const;
    [[nodiscard]] bool nothing() const noexcept { return now_.empty(); }
    // The number of that server's trouble of this kind that has lasted longest; 0: there is none.
    [[nodiscard]] std::uint64_t number_of(fault what, const std::string& address) const;
    // When the last trouble of that server, or of all, was over or is still on; min(): there was none.
    [[nodiscard]] steady_time last_of_server(const std::string& address) const;

    void call_begins(const call_ptr& c);
    void call_ends(const call_ptr& c) { std::erase(calls_, c); }
    [[nodiscard]] const std::vector<call_ptr>& calls() const noexcept { return calls_; }

private:
    struct trouble {
        fault what;
        whom concerned;
        tests::timeline::entry end;
        std::uint64_t number;
        std::function<void()> at_end;
    };
    static bool concerns(const whom& w, const call& c);
    void over(std::list<trouble>::iterator which);

    scene& scene_;
    std::list<trouble> now_;
    std::vector<call_ptr> calls_;
    std::uint64_t next_number_ = 1;
    std::map<std::string, steady_time> last_of_server_;
    steady_time last_of_all_ = steady_time::min();
};

} // namespace simulation
