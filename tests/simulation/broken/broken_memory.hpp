// The memory of those who break a rule.
#pragma once

#include "core/ports/memory.hpp"

namespace simulation {

// Remembers nothing of an earlier life.
class forgetful_memory final : public hosting::memory {
public:
    explicit forgetful_memory(hosting::memory& real)
        : real_(real) {}
    boost::asio::awaitable<hosting::result<hosting::memories>> load() override {
        const auto ignored = co_await real_.load();
        co_return hosting::memories();
    }
    [[nodiscard]] std::string installation_id() const override { return real_.installation_id(); }
    void keep(hosting::site_record what) override { real_.keep(std::move(what)); }
    void forget_site(std::string id) override { real_.forget_site(std::move(id)); }
    void keep(hosting::server_facts what) override { real_.keep(std::move(what)); }
    void keep(hosting::incident_record what) override { real_.keep(std::move(what)); }
    void forget_incident(std::string place) override { real_.forget_incident(std::move(place)); }
    boost::asio::awaitable<hosting::result<order_answer>> keep_order(hosting::order_record what) override {
        return real_.keep_order(std::move(what));
    }
    void end_order(hosting::order_record what) override { real_.end_order(std::move(what)); }
    boost::asio::awaitable<void> flush() override { return real_.flush(); }

private:
    hosting::memory& real_;
};

} // namespace simulation
