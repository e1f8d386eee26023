// Supabase as those would use it who break a rule.
#pragma once

#include "core/ports/site_queue.hpp"
#include "tests/simulation/world/world.hpp"

namespace simulation {

class queue_decorator : public hosting::site_queue {
public:
    explicit queue_decorator(hosting::site_queue& real)
        : real_(real) {}
    boost::asio::awaitable<hosting::result<hosting::pending_rows>> pending() override {
        return real_.pending();
    }
    boost::asio::awaitable<hosting::result<hosting::pending_rows>> newest() override {
        return real_.newest();
    }
    boost::asio::awaitable<hosting::result<std::optional<hosting::site>>> read(std::string id) override {
        return real_.read(std::move(id));
    }
    boost::asio::awaitable<hosting::result<std::vector<hosting::server>>> servers() override {
        return real_.servers();
    }
    boost::asio::awaitable<hosting::result<hosting::secret>> private_key(std::string id) override {
        return real_.private_key(std::move(id));
    }
    boost::asio::awaitable<hosting::result<hosting::delivery>> report(hosting::site as_read,
                                                                      hosting::outcome what) override {
        return real_.report(std::move(as_read), std::move(what));
    }

protected:
    hosting::site_queue& real_;
};

// Writes without a condition.
class overwriting_queue final : public queue_decorator {
public:
    overwriting_queue(hosting::site_queue& real, world& w)
        : queue_decorator(real)
        , world_(w) {}
    boost::asio::awaitable<hosting::result<hosting::delivery>> report(hosting::site as_read,
                                                                      hosting::outcome what) override {
        world_.rows.update_whatever(as_read, what);
        co_return hosting::delivery::written;
    }

private:
    world& world_;
};

// Believes that everything was written.
class dropping_queue final : public queue_decorator {
public:
    using queue_decorator::queue_decorator;
    boost::asio::awaitable<hosting::result<hosting::delivery>> report(hosting::site as_read,
                                                                      hosting::outcome what) override {
        const auto done = co_await real_.report(std::move(as_read), std::move(what));
        co_return done ? *done : hosting::delivery::written;
    }
};

// Sees no pause.
class sleepless_queue final : public queue_decorator {
public:
    using queue_decorator::queue_decorator;
    boost::asio::awaitable<hosting::result<std::vector<hosting::server>>> servers() override {
        auto all = co_await real_.servers();
        if (all)
            for (auto& s : *all)
                s.active = true;
        co_return all;
    }
};

} // namespace simulation
