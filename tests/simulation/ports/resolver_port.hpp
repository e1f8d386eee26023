// The names of the sites, as the port resolver shows them.
#pragma once

#include "core/ports/resolver.hpp"
#include "tests/simulation/ports/begun_call.hpp"
#include "tests/simulation/ports/letter.hpp"

namespace simulation {

class resolver_port final : public hosting::resolver {
public:
    resolver_port(world& w, life_clock& clock)
        : world_(w)
        , clock_(clock) {}

    asio::awaitable<hosting::resolution> resolve(std::string name, milliseconds limit) override {
        const std::string id = world_.site_with(name);
        auto* at = world_.machine_of(id);
        const begun_call c(world_, clock_.daemon(), hosting::stage::certificate, id,
                           at ? at->address : std::string(), false);
        world_.stories.touched(id);
        hosting::resolution answer;
        if (world_.matter.any(fault::resolver_silent)) {
            co_await clock_.pass(limit);
            co_return answer;
        }
        co_await clock_.pass(world_.now.chance.between(1ms, 100ms));
        answer.what = hosting::resolution::kind::no_such_name;
        if (world_.matter.of_site(fault::no_address, id)) {
            world_.stories.refused_certificate(id);
            world_.stories.of(id).heard.insert(hosting::errc::cert_no_address);
            co_return answer;
        }
        answer.what = hosting::resolution::kind::found;
        answer.addresses.push_back(asio::ip::make_address("192.0.2.80"));
        co_return answer;
    }

private:
    world& world_;
    life_clock& clock_;
};

} // namespace simulation
