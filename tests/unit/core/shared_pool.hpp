// The rows and the memory that daemons share, in memory; each daemon has its own desk at them.
#pragma once

#include "fakes.hpp"

#include <algorithm>
#include <optional>

namespace fakes {

struct shared_pool {
    struct job {
        std::string worker; // empty: nobody's
        std::uint64_t token = 0;
        std::optional<site_record> record;
        std::vector<site_record> history;
    };

    table& queue;
    std::map<std::string, job> jobs; // by site
    std::map<std::string, incident_record> incidents;
    std::vector<std::pair<std::string, order_record>> orders; // with the worker
    std::uint64_t last_token = 0;
    std::vector<std::string> probers; // "worker place", as they were told to

    void take_from(const std::string& worker) {
        for (auto& [id, j] : jobs)
            if (j.worker == worker) j.worker.clear();
    }
    std::size_t held_by(const std::string& worker) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(jobs, [&](const auto& j) { return j.second.worker == worker; }));
    }
};

class desk_at_pool final : public claims, public memory {
public:
    desk_at_pool(shared_pool& pool, tests::virtual_clock& time, std::string worker, std::uint64_t number)
        : pool_(pool)
        , time_(time)
        , worker_(std::move(worker))
        , number_(number) {}

    std::size_t orders_seen = 0; // of the pool's
    std::optional<failure> order_failure;
    std::function<void()> while_ordering; // the order is written down, and not answered yet
    std::size_t most_held = 0;
    std::string queue_id = "queue"; // from the next claim on

    asio::awaitable<result<claim_answer>> claim(claim_demand wanted) override {
        claim_answer answer;
        entered_ = queue_id;
        answer.orders = news();
        for (const auto& row : candidates(wanted)) {
            auto& j = pool_.jobs[row.id];
            const auto down = down_at(row);
            if (answer.rows.size() >= wanted.room) {
                answer.more = true;
                break;
            }
            if (down != pool_.incidents.end()) {
                if (down->second.next_probe > time_.now().wall) continue;
                down->second.next_probe = time_.now().wall + std::chrono::minutes(1);
                answer.probes.push_back(row.id);
                pool_.probers.push_back(worker_ + " " + down->first);
            }
            j.worker = worker_;
            j.token = ++pool_.last_token;
            known_.insert(row.id);
            if (j.record) answer.records.push_back(*j.record);
            answer.rows.push_back(row);
        }
        for (const auto& id : known_)
            if (pool_.jobs[id].worker != worker_) answer.lost.push_back(id);
        for (const auto& id : answer.lost)
            known_.erase(id);
        for (const auto& [place, incident] : pool_.incidents)
            answer.incidents.push_back(incident);
        most_held = std::max(most_held, pool_.held_by(worker_));
        co_return answer;
    }

    std::optional<fence> held(const std::string& site_id) const override {
        const auto found = pool_.jobs.find(site_id);
        if (found == pool_.jobs.end() || found->second.worker != worker_) return std::nullopt;
        return fence{"queue", found->second.token};
    }

    void give_back(std::string site_id) override {
        known_.erase(site_id);
        if (auto& j = pool_.jobs[site_id]; j.worker == worker_) j.worker.clear();
    }

    asio::awaitable<void> leave() override {
        pool_.take_from(worker_);
        co_return;
    }

    asio::awaitable<result<memories>> load() override {
        memories all;
        for (const auto& order : news())
            all.orders.push_back(order);
        all.first_order_id = number_ << 32 | 1;
        co_return all;
    }
    std::string installation_id() const override { return entered_; }
    void keep(site_record what) override {
        auto& j = pool_.jobs[what.site_id];
        if (j.worker != worker_) return;
        j.history.push_back(what);
        const std::string id = what.site_id;
        j.record = std::move(what);
        give_back(id);
    }
    void forget_site(std::string site_id) override {
        known_.erase(site_id);
        if (pool_.jobs[site_id].worker == worker_) pool_.jobs.erase(site_id);
    }
    void keep(server_facts) override {}
    void keep(incident_record what) override { pool_.incidents[what.place] = std::move(what); }
    void forget_incident(std::string place) override { pool_.incidents.erase(place); }
    asio::awaitable<result<order_answer>> keep_order(order_record what) override {
        if (order_failure) co_return *order_failure;
        order_answer answer;
        answer.news = news();
        answer.kept = answer.news.empty();
        if (answer.kept) pool_.orders.emplace_back(worker_, std::move(what));
        if (while_ordering) {
            while_ordering();
            co_await time_.pass(std::chrono::seconds(1));
        }
        co_return answer;
    }
    void end_order(order_record what) override {
        for (auto& [worker, order] : pool_.orders)
            if (order.id == what.id) order = what;
    }
    asio::awaitable<void> flush() override { co_return; }

private:
    std::vector<pending_site> candidates(const claim_demand& wanted) const {
        std::vector<pending_site> all;
        for (const auto& [id, r] : pool_.queue.rows) {
            const auto found = pool_.jobs.find(id);
            const bool free = found == pool_.jobs.end() || found->second.worker.empty();
            const bool due = found == pool_.jobs.end() || !found->second.record ||
                             found->second.record->next_attempt <= time_.now().wall;
            const bool pending = r.as_is.status_hosting == "pending" && r.as_is.status_dns == "active";
            if (!free || !(wanted.only.empty() ? pending && due : wanted.only == id)) continue;
            all.push_back({id, r.as_is.domain, r.as_is.server_id.value_or(""), ""});
        }
        return all;
    }

    std::map<std::string, incident_record>::iterator down_at(const pending_site& row) const {
        return std::ranges::find_if(pool_.incidents, [&](const auto& incident) {
            return std::ranges::count(incident.second.server_ids, row.server_id) > 0;
        });
    }

    // Others' orders, as they are now, that were not given yet.
    std::vector<order_record> news() {
        std::vector<order_record> all;
        for (; orders_seen < pool_.orders.size(); ++orders_seen)
            if (pool_.orders[orders_seen].first != worker_) all.push_back(pool_.orders[orders_seen].second);
        return all;
    }

    shared_pool& pool_;
    tests::virtual_clock& time_;
    const std::string worker_;
    const std::uint64_t number_;
    std::set<std::string> known_; // that it was told of
    std::string entered_;         // the queue's id, as far as it was heard of
};

} // namespace fakes
