// The budgets against a model that keeps every order and looks at all of them each time: random orders, ends,
// clocks and restarts, from fixed seeds.
#include "core/budgets.hpp"
#include "core/registered_domain.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <set>

using namespace std::chrono_literals;
using namespace hosting;

namespace {

constexpr auto week = 7 * 24h;

const std::string& registered(const std::string& domain) {
    static std::map<std::string, std::string> known;
    const auto [at, is_new] = known.try_emplace(domain);
    if (is_new) at->second = registered_domain(domain);
    return at->second;
}

std::string names(const std::string& domain) {
    return domain == "www." + registered(domain) ? domain.substr(4) : domain;
}

struct model {
    std::size_t limit;
    std::vector<order_record> orders; // by time
    std::uint64_t last_id = 0;

    void settle(wall_time now) {
        for (auto& o : orders)
            o.at = std::min(o.at, now);
        std::erase_if(orders, [&](const auto& o) { return now - o.at >= week + 24h; });
    }

    order_record add(const std::string& place, const std::string& domain, wall_time now) {
        settle(now);
        return orders.emplace_back(order_record{++last_id, place, domain, now, order_end::unknown, {}});
    }

    std::optional<order_record> end(std::uint64_t id, order_end how, std::optional<wall_time> not_before) {
        const auto found = std::ranges::find(orders, id, &order_record::id);
        if (found == orders.end() || found->end != order_end::unknown) return std::nullopt;
        order_record out = *found;
        out.end = how;
        out.not_before = not_before;
        if (how != order_end::unknown) *found = out;
        return out;
    }

    template<class Counts>
    std::optional<wall_time> full(std::size_t most, wall_time::duration window, wall_time now,
                                  Counts counts) const {
        std::vector<wall_time> times;
        for (const auto& o : orders)
            if (o.end != order_end::not_sent && counts(o) && now < o.at + window) times.push_back(o.at);
        if (times.size() < most) return std::nullopt;
        return times[times.size() - most] + window;
    }

    std::optional<wall_time> refused(const std::string& domain) const {
        std::vector<order_record> in_a_row;
        for (const auto& o : orders) {
            if (names(o.domain) != names(domain)) continue;
            if (o.end == order_end::unknown || o.end == order_end::not_sent) continue;
            if (o.end != order_end::rate_limited)
                in_a_row.clear();
            else
                in_a_row.push_back(o);
        }
        if (in_a_row.empty()) return std::nullopt;
        const order_record last = in_a_row.back();
        if (last.not_before && *last.not_before > last.at) return std::min(*last.not_before, last.at + week);
        const auto count =
            std::ranges::count_if(in_a_row, [&](const auto& o) { return last.at - o.at < week; });
        return last.at + std::min<std::chrono::hours>(24h, 1h * (1 << std::min<long>(count - 1, 10)));
    }

    std::optional<wall_time> rest(const std::string& place, wall_time now) const {
        std::vector<order_record> refused;
        std::ranges::copy_if(orders, std::back_inserter(refused), [&](const auto& o) {
            return o.place == place && o.end == order_end::rate_limited && now - o.at < 6h;
        });
        std::optional<wall_time> until;
        for (std::size_t i = 0; i < refused.size(); ++i) {
            const wall_time at = refused[i].at;
            std::set<std::string> different;
            for (std::size_t j = 0; j <= i; ++j)
                if (at - refused[j].at < 3h) different.insert(names(refused[j].domain));
            if (different.size() >= 3 && at + 3h > now) until = at + 3h;
        }
        return until;
    }

    // Its answer was lost, and so was that of the next for the same names, sent to the same server.
    bool is_repeated(const order_record& o) const {
        if (o.end != order_end::unknown) return false;
        const auto next = std::ranges::find_if(orders, [&](const auto& n) {
            return n.id > o.id && names(n.domain) == names(o.domain) && n.end != order_end::not_sent;
        });
        return next != orders.end() && next->end == order_end::unknown && next->place == o.place;
    }

    std::optional<wall_time> held(const std::string& place, const std::string& domain, wall_time now) {
        settle(now);
        const auto is_certificate = [](const order_record& o) {
            return o.end == order_end::issued || o.end == order_end::unknown;
        };
        const auto own = names(domain);
        std::optional<wall_time> longest;
        for (const auto& until :
             {full(limit, 3h, now, [&](const auto& o) { return o.place == place; }),
              full(50, week, now,
                   [&](const auto& o) {
                       return is_certificate(o) && registered(o.domain) == registered(domain);
                   }),
              full(5, week, now,
                   [&](const auto& o) {
                       return is_certificate(o) && names(o.domain) == own && !is_repeated(o);
                   }),
              full(5, 1h, now,
                   [&](const auto& o) {
                       return o.end == order_end::validation_refused && names(o.domain) == own &&
                              o.place == place;
                   }),
              refused(domain), rest(place, now)})
            if (until && *until > now && (!longest || *until > *longest)) longest = until;
        return longest;
    }

    std::size_t remaining(const std::string& place, wall_time now) {
        settle(now);
        if (rest(place, now)) return 0;
        const auto sent = std::ranges::count_if(orders, [&](const auto& o) {
            return o.place == place && o.end != order_end::not_sent && now < o.at + 3h;
        });
        return limit - std::min(limit, static_cast<std::size_t>(sent));
    }
};

// Crowded: many names under one registered domain. Hasty: few names, refused again and again within minutes.
enum class mood { ordinary, crowded, hasty };

class walk {
public:
    explicit walk(unsigned seed)
        : random_(seed)
        , mood_(static_cast<mood>(seed % 3))
        , clock_is_wild_(seed % 2 == 0)
        , model_{std::array{50U, 2U, 5U, 15U}[seed / 6 % 4], {}}
        , budgets_(model_.limit) {}

    void step() {
        pass_time();
        const std::string place = "place" + std::to_string(below(mood_ == mood::hasty ? 2 : 3));
        const std::string domain = a_domain();
        const auto held = budgets_.held(place, domain, now_);
        const auto wanted = model_.held(place, domain, now_);
        BOOST_REQUIRE(held.has_value() == wanted.has_value());
        if (held) {
            BOOST_REQUIRE((held->until == *wanted));
            BOOST_REQUIRE((held->until > now_ && held->until <= now_ + week));
            BOOST_REQUIRE(!held->why.empty());
            note(held->why);
        }
        BOOST_REQUIRE(budgets_.remaining(place, now_) == model_.remaining(place, now_));
        if (!held || below(4) == 0) {
            const auto added = budgets_.add(place, domain, now_);
            BOOST_REQUIRE((added == model_.add(place, domain, now_)));
            open_.push_back(added.id);
        }
        while (!open_.empty() && below(3) != 0)
            end_one();
        if (clock_is_wild_ && below(200) == 0) restart();
    }

    // How often each limit held.
    [[nodiscard]] const std::map<std::string, int>& reasons() const { return reasons_; }

private:
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }

    void note(const std::string& why) {
        for (const char* words : {"orders of 3 hours", "50 certificates", "5 certificates", "5 validations",
                                  "refused the last", "three names"})
            if (why.find(words) != why.npos) ++reasons_[words];
    }

    void pass_time() {
        const unsigned dice = mood_ == mood::hasty && below(5) != 0 ? 0 : below(100);
        if (dice < 50)
            now_ += 1s * below(600);
        else if (dice < 75)
            now_ += 1min * below(60);
        else if (dice < 85)
            now_ += 1h; // onto boundaries
        else if (dice < 88)
            now_ += 1h * below(30);
        else if (clock_is_wild_ && dice < 90)
            now_ -= 1s * below(20'000);
        else if (clock_is_wild_ && dice == 90 && below(20) == 0)
            now_ -= 24h * below(400);
        else if (clock_is_wild_ && dice == 91 && below(20) == 0)
            now_ += 24h * below(400);
    }

    std::string a_domain() {
        if (mood_ == mood::crowded && below(3) != 0)
            return "site" + std::to_string(below(200)) + ".crowd.co.uk";
        static const std::vector<std::string> names{
            "a.test", "www.a.test",  "b.a.test",    "www.b.a.test", "a.co.uk",     "www.co.uk",
            "co.uk",  "www.a.co.uk", "crowd.co.uk", "b.test",       "x.github.io", "c.test"};
        return names[below(mood_ == mood::hasty ? 2 : static_cast<unsigned>(names.size()))];
    }

    void end_one() {
        static const std::vector<order_end> ends{
            order_end::unknown,      order_end::not_sent, order_end::issued, order_end::validation_refused,
            order_end::rate_limited, order_end::issued,   order_end::issued, order_end::validation_refused,
            order_end::rate_limited, order_end::refused};
        const auto which = open_.begin() + below(static_cast<unsigned>(open_.size()));
        auto how = ends[below(static_cast<unsigned>(ends.size()))];
        if (mood_ == mood::hasty && below(12) != 0) how = order_end::validation_refused;
        std::optional<wall_time> not_before;
        if (below(2) == 0) not_before = now_ + 1h * below(10) - 2h;
        if (below(20) == 0) not_before = now_ + 24h * below(1000);
        BOOST_REQUIRE((budgets_.end(*which, how, not_before) == model_.end(*which, how, not_before)));
        if (below(8) != 0) open_.erase(which); // else it is ended once more
    }

    void restart() {
        auto kept = model_.orders;
        std::ranges::shuffle(kept, random_);
        budgets_ = certificate_budgets(model_.limit);
        budgets_.restore(std::move(kept));
        model_.last_id = 0;
        for (const auto& o : model_.orders)
            model_.last_id = std::max(model_.last_id, o.id);
    }

    std::mt19937 random_;
    mood mood_;
    bool clock_is_wild_;
    model model_;
    certificate_budgets budgets_;
    wall_time now_ = std::chrono::sys_days(std::chrono::year{2026} / 11 / 1);
    std::vector<std::uint64_t> open_;
    std::map<std::string, int> reasons_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(budgets_model)

BOOST_AUTO_TEST_CASE(the_budgets_hold_as_the_model_does) {
    std::map<std::string, int> reasons;
    for (unsigned seed = 1; seed <= 48; ++seed)
        BOOST_TEST_CONTEXT("seed " << seed) {
            walk one(seed);
            for (int i = 0; i < 400; ++i)
                one.step();
            for (const auto& [why, times] : one.reasons())
                reasons[why] += times;
        }
    BOOST_TEST(reasons.size() == 6U);
    for (const auto& [limit, times] : reasons)
        BOOST_TEST(times > 100, limit << " held " << times << " times");
}

BOOST_AUTO_TEST_SUITE_END()
