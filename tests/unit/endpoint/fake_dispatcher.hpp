// A dispatcher that only says what it was told to say, and keeps what was asked of it.
#pragma once

#include "core/dispatcher.hpp"

#include <mutex>

class fake_dispatcher final : public hosting::dispatcher {
public:
    boost::asio::awaitable<hosting::dispatcher_summary> run(hosting::dispatcher_task) override {
        co_return hosting::dispatcher_summary();
    }
    void stop() override {}
    void reconfigure(hosting::dispatcher_settings) override {}

    void poll_now() override {
        const std::lock_guard lock(mutex_);
        ++polls_;
    }

    void request(std::string site_id) override {
        const std::lock_guard lock(mutex_);
        requests_.push_back(std::move(site_id));
    }

    boost::asio::awaitable<hosting::service_status> status() override {
        const std::lock_guard lock(mutex_);
        co_return status_;
    }

    void set(hosting::service_status now) {
        const std::lock_guard lock(mutex_);
        status_ = std::move(now);
    }
    int polls() const {
        const std::lock_guard lock(mutex_);
        return polls_;
    }
    std::vector<std::string> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

private:
    mutable std::mutex mutex_;
    hosting::service_status status_;
    int polls_ = 0;
    std::vector<std::string> requests_;
};
