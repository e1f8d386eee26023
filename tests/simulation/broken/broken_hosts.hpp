// Servers as those would see them who break a rule.
#pragma once

#include "core/ports/hosts.hpp"

#include <map>
#include <string>

namespace simulation {

class hosts_decorator : public hosting::hosts {
public:
    explicit hosts_decorator(hosting::hosts& real)
        : real_(real) {}
    void recall(std::vector<hosting::server_facts> known, std::string id) override {
        real_.recall(std::move(known), std::move(id));
    }
    boost::asio::awaitable<hosting::result<hosting::site_view>> look(hosting::server where,
                                                                     std::string domain) override {
        return real_.look(std::move(where), std::move(domain));
    }
    boost::asio::awaitable<hosting::result<hosting::creation_result>>
    create_site(hosting::server where, hosting::creation what) override {
        return real_.create_site(std::move(where), std::move(what));
    }
    boost::asio::awaitable<hosting::result<hosting::installation_result>>
    install_certificate(hosting::server where, hosting::installation what) override {
        return real_.install_certificate(std::move(where), std::move(what));
    }

protected:
    hosting::hosts& real_;
};

// Calls the panel's trouble the site's own.
class blaming_hosts final : public hosts_decorator {
public:
    using hosts_decorator::hosts_decorator;
    boost::asio::awaitable<hosting::result<hosting::creation_result>>
    create_site(hosting::server where, hosting::creation what) override {
        auto done = co_await real_.create_site(std::move(where), std::move(what));
        if (!done && hosting::scope_of(done.error().code) == hosting::failure_scope::panel)
            co_return hosting::failure{hosting::errc::site_step, done.error().detail};
        co_return done;
    }
};

// Does not see the certificate that is installed before it orders one.
class blind_hosts final : public hosts_decorator {
public:
    using hosts_decorator::hosts_decorator;
    boost::asio::awaitable<hosting::result<hosting::creation_result>>
    create_site(hosting::server where, hosting::creation what) override {
        const std::string domain = what.domain;
        auto done = co_await real_.create_site(std::move(where), std::move(what));
        if (!done || !done->view.installed) co_return done;
        marks_[domain] = done->view.installed->mark;
        done->view.installed.reset();
        co_return done;
    }
    boost::asio::awaitable<hosting::result<hosting::installation_result>>
    install_certificate(hosting::server where, hosting::installation what) override {
        if (what.mark.empty()) what.mark = marks_[what.domain];
        co_return co_await real_.install_certificate(std::move(where), std::move(what));
    }

private:
    std::map<std::string, std::string> marks_;
};

// Once a server could not be reached, none can for a while.
class alarmed_hosts final : public hosts_decorator {
public:
    using hosts_decorator::hosts_decorator;
    boost::asio::awaitable<hosting::result<hosting::creation_result>>
    create_site(hosting::server where, hosting::creation what) override {
        if (!down_.empty() && down_ != where.address && calls_++ % 50 != 0)
            co_return hosting::failure{hosting::errc::ssh_unreachable, "the servers cannot be reached"};
        const std::string address = where.address;
        auto done = co_await real_.create_site(std::move(where), std::move(what));
        if (!done && done.error().code == hosting::errc::ssh_unreachable) down_ = address;
        if (done && down_ == address) down_.clear();
        co_return done;
    }

private:
    std::string down_;
    unsigned calls_ = 0;
};

} // namespace simulation
