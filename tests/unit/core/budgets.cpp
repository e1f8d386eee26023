#include "core/budgets.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using namespace hosting;
using enum hosting::order_end;

namespace {

using duration = wall_time::duration;

const wall_time start = std::chrono::sys_days(std::chrono::year{2026} / 11 / 1);
constexpr auto day = 24h;

// An order `at` after the start, and how it ended.
struct ordered {
    duration at;
    std::string place;
    std::string domain;
    order_end end = issued;
    std::optional<duration> not_before = std::nullopt; // after the start
};

struct row {
    const char* what;
    std::vector<ordered> orders;
    std::string place;
    std::string domain;
    duration from;  // when it is asked for the first time
    duration until; // from then on it may be sent; the same as `from`: at once
    const char* says = "";
};

// `count` orders, the first at `at`, the others a minute after each other, for domains that have nothing in
// common.
std::vector<ordered> apart(int count, duration at, const std::string& place, order_end end = issued) {
    std::vector<ordered> out;
    for (int i = 0; i < count; ++i)
        out.push_back({at + i * 1min, place, "apart" + std::to_string(i) + ".test", end});
    return out;
}

// The same for different names under a registered domain, each from another server.
std::vector<ordered> below(const std::string& registered, int count, duration at, order_end end = issued) {
    std::vector<ordered> out;
    for (int i = 0; i < count; ++i) {
        const std::string number = std::to_string(i);
        out.push_back({at + i * 1min, "server" + number, "site" + number + '.' + registered, end});
    }
    return out;
}

// The same for one domain.
std::vector<ordered> same(const std::string& domain, int count, duration at, order_end end = issued,
                          const std::string& place = "one", duration apart_by = 1min) {
    std::vector<ordered> out;
    for (int i = 0; i < count; ++i)
        out.push_back({at + i * apart_by, place, domain, end});
    return out;
}

std::vector<ordered> operator+(std::vector<ordered> a, const std::vector<ordered>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

constexpr std::size_t limit = 10; // orders of a server in 3 h

const std::vector<row> rows{
    {"nothing is known", {}, "one", "a.test", 0h, 0h},

    // Orders of a server.
    {"one below the server's limit", apart(9, 0h, "one"), "one", "a.test", 30min, 30min},
    {"the server's limit, until the first is 3 h old", apart(10, 0h, "one"), "one", "a.test", 9min, 3h,
     "the server sent its 10 orders of 3 hours"},
    {"the same, asked in the last moment", apart(10, 0h, "one"), "one", "a.test", 3h - 1ns, 3h},
    {"beyond the limit, until enough are old", apart(13, 0h, "one"), "one", "a.test", 1h, 3h + 3min},
    {"failures count, too",
     apart(3, 0h, "one", refused) + apart(3, 5min, "one", validation_refused) +
         apart(4, 9min, "one", unknown),
     "one", "a.test", 20min, 3h, "orders of 3 hours"},
    {"what was not sent does not", apart(20, 0h, "one", not_sent), "one", "a.test", 30min, 30min},
    {"another server's do not", apart(10, 0h, "one"), "two", "a.test", 30min, 30min},

    // Certificates of a registered domain.
    {"49 certificates of a registered domain", below("example.co.uk", 49, 0h), "one", "example.co.uk", day,
     day},
    {"50, whichever servers", below("example.co.uk", 50, 0h), "one", "new.example.co.uk", day, 7 * day,
     "example.co.uk had 50 certificates within 7 days"},
    {"50, asked in the last moment", below("example.co.uk", 50, 0h), "one", "new.example.co.uk",
     7 * day - 1ns, 7 * day},
    {"50, some of them maybe", below("example.co.uk", 20, 0h, unknown) + below("example.co.uk", 30, 1h),
     "one", "new.example.co.uk", day, 7 * day},
    {"50 that failed",
     below("example.co.uk", 25, 0h, refused) + below("example.co.uk", 25, 1h, validation_refused), "one",
     "new.example.co.uk", day, day},
    {"the last of 50 failed", below("example.co.uk", 49, 0h) + below("example.co.uk", 1, 2h, refused), "one",
     "new.example.co.uk", day, day},
    {"another registered domain", below("example.co.uk", 50, 0h), "one", "other.co.uk", day, day},
    {"each one's own below a private suffix", below("github.io", 50, 0h), "one", "new.github.io", day, day},

    // Certificates of the same names.
    {"4 for the same names", same("a.test", 4, 0h), "one", "a.test", day, day},
    {"5 for the same names", same("a.test", 5, 0h), "one", "a.test", day, 7 * day,
     "a.test had 5 certificates for the same names within 7 days"},
    {"5, asked in the last moment", same("a.test", 5, 0h), "one", "a.test", 7 * day - 1ns, 7 * day},
    {"5 for a www and its domain, from anywhere",
     same("www.a.test", 2, 0h, issued, "two") + same("a.test", 3, 1h), "three", "www.a.test", day, 7 * day},
    {"5 for a domain are none for a name below it", same("a.test", 5, 0h), "one", "b.a.test", day, day},
    {"a www of a name below is a name of its own", same("b.a.test", 5, 0h), "one", "www.b.a.test", day, day},
    {"any number of lost answers in a row", same("a.test", 9, 0h, unknown), "one", "a.test", day, day},
    {"4 and lost answers, until the first of the 5 is old",
     same("a.test", 4, 0h) + same("a.test", 3, 1h, unknown), "one", "a.test", day, 7 * day},
    {"lost answers that are not in a row",
     same("a.test", 1, 0h, unknown) + same("a.test", 1, 1h, refused) + same("a.test", 1, 2h, unknown) +
         same("a.test", 3, 3h),
     "one", "a.test", day, 7 * day},
    {"lost answers of two servers",
     same("a.test", 3, 0h) + same("a.test", 2, 1h, unknown) + same("a.test", 2, 2h, unknown, "two"), "one",
     "a.test", day, 7 * day},
    {"5 of which one was refused", same("a.test", 4, 0h) + same("a.test", 1, 1h, refused), "one", "a.test",
     day, day},

    // Failed validations.
    {"4 failed validations", same("a.test", 4, 0h, validation_refused), "one", "a.test", 5min, 5min},
    {"5 failed validations", same("a.test", 5, 0h, validation_refused), "one", "a.test", 5min, 1h,
     "a.test failed 5 validations on this server within an hour"},
    {"5, asked in the last moment", same("a.test", 5, 0h, validation_refused), "one", "www.a.test", 1h - 1ns,
     1h},
    {"5 on another server", same("a.test", 5, 0h, validation_refused), "two", "a.test", 5min, 5min},
    {"5 of another name", same("a.test", 5, 0h, validation_refused), "one", "b.a.test", 5min, 5min},
    {"5 within more than an hour", same("a.test", 5, 0h, validation_refused, "one", 15min), "one", "a.test",
     1h, 1h},

    // Refused for now.
    {"refused for now", same("a.test", 1, 0h, rate_limited), "one", "a.test", 1min, 1h,
     "Let's Encrypt refused the last order for a.test for now"},
    {"refused for now, asked in the last moment", same("a.test", 1, 0h, rate_limited), "one", "a.test",
     1h - 1ns, 1h},
    {"refused for now, whichever server", same("a.test", 1, 0h, rate_limited), "two", "www.a.test", 1min, 1h},
    {"another name", same("a.test", 1, 0h, rate_limited), "one", "b.a.test", 1min, 1min},
    {"twice in a row", same("a.test", 2, 0h, rate_limited, "one", 2h), "one", "a.test", 2h, 4h,
     "refused the last 2 orders for a.test"},
    {"five times", same("a.test", 5, 0h, rate_limited, "one", day), "one", "a.test", 4 * day, 4 * day + 16h},
    {"a day at most", same("a.test", 6, 0h, rate_limited, "one", day), "one", "a.test", 5 * day, 6 * day},
    {"a day at most, for ever", same("a.test", 60, 0h, rate_limited, "one", day), "one", "a.test", 59 * day,
     60 * day},
    {"a success between",
     same("a.test", 4, 0h, rate_limited) + same("a.test", 1, 1h) + same("a.test", 1, 2h, rate_limited), "one",
     "a.test", 2h, 3h},
    {"another failure between",
     same("a.test", 4, 0h, rate_limited) + same("a.test", 1, 1h, validation_refused) +
         same("a.test", 1, 2h, rate_limited),
     "one", "a.test", 2h, 3h},
    {"a success after it", same("a.test", 1, 0h, rate_limited) + same("a.test", 1, 10min), "one", "a.test",
     20min, 20min},
    {"no known answer between",
     same("a.test", 2, 0h, rate_limited) + same("a.test", 2, 1h, unknown) + same("a.test", 2, 2h, not_sent) +
         same("a.test", 1, 3h, rate_limited) + same("a.test", 1, 4h, unknown),
     "one", "a.test", 4h, 7h, "the last 3 orders"},
    {"7 days between", same("a.test", 2, 0h, rate_limited, "one", 7 * day), "one", "a.test", 7 * day,
     7 * day + 1h},
    {"almost 7 days between", same("a.test", 2, 0h, rate_limited, "one", 7 * day - 1ns), "one", "a.test",
     7 * day, 7 * day - 1ns + 2h},
    {"the wait outlives the week of what it counts", same("a.test", 6, 0h, rate_limited, "one", 33h), "one",
     "a.test", 7 * day + 20h, 7 * day + 21h},
    {"its own time", {{0h, "one", "a.test", rate_limited, 34h}}, "one", "a.test", 1min, 34h},
    {"its own time, shorter than ours",
     {{0h, "one", "a.test", rate_limited, 5min}},
     "one",
     "a.test",
     1min,
     5min},
    {"its own time, the last counts",
     {{0h, "one", "a.test", rate_limited, 34h}, {1h, "one", "a.test", rate_limited, 2h}},
     "one",
     "a.test",
     90min,
     2h},
    {"its own time counts no more after two",
     {{0h, "one", "a.test", rate_limited, 3h}, {3h, "one", "a.test", rate_limited}},
     "one",
     "a.test",
     3h,
     5h},
    {"too far ahead", {{0h, "one", "a.test", rate_limited, 8 * day}}, "one", "a.test", 1min, 7 * day},
    {"not after the order", {{2h, "one", "a.test", rate_limited, 2h}}, "one", "a.test", 2h, 3h},
    {"a time with another answer", {{0h, "one", "a.test", refused, 34h}}, "one", "a.test", 1min, 1min},

    // Three names of a server.
    {"two names refused for now", apart(2, 0h, "one", rate_limited), "one", "a.test", 5min, 5min},
    {"three names", apart(3, 0h, "one", rate_limited), "one", "a.test", 5min, 3h + 2min,
     "refused orders for three names of this server within 3 hours"},
    {"three names, asked in the last moment", apart(3, 0h, "one", rate_limited), "one", "a.test",
     3h + 2min - 1ns, 3h + 2min},
    {"three names, another server", apart(3, 0h, "one", rate_limited), "two", "a.test", 5min, 5min},
    {"three orders for two names",
     apart(2, 0h, "one", rate_limited) + same("www.apart1.test", 1, 5min, rate_limited), "one", "a.test",
     6min, 6min},
    {"three names within almost 3 h",
     apart(2, 1min, "one", rate_limited) + same("b.test", 1, 3h + 1min - 1ns, rate_limited), "one", "a.test",
     3h + 1min, 6h + 1min - 1ns},
    {"three names within 3 h exactly",
     apart(2, 1min, "one", rate_limited) + same("b.test", 1, 3h + 1min, rate_limited), "one", "a.test",
     3h + 1min, 3h + 1min},
    {"three names with others between",
     apart(1, 0h, "one", rate_limited) + same("b.test", 2, 5min, rate_limited) + same("c.test", 3, 8min) +
         same("d.test", 1, 12min, rate_limited) + same("e.test", 1, 13min),
     "one", "a.test", 15min, 3h + 12min},

    // The longest of several.
    {"names beat the server", apart(5, 0h, "one") + same("a.test", 5, 10min), "one", "a.test", 20min,
     7 * day + 10min, "a.test had 5 certificates"},
    {"three names beat a refusal", apart(3, 0h, "one", rate_limited), "one", "apart0.test", 5min, 3h + 2min,
     "three names"},
    {"a refusal beats three names",
     {{0h, "one", "a.test", rate_limited, 5h},
      {1h, "one", "b.test", rate_limited},
      {2h, "one", "c.test", rate_limited}},
     "one",
     "c.test",
     2h,
     5h,
     "three names"},
    {"a refusal beats three names",
     {{0h, "one", "a.test", rate_limited, 6h},
      {1h, "one", "b.test", rate_limited},
      {2h, "one", "c.test", rate_limited}},
     "one",
     "a.test",
     2h,
     6h,
     "the last order for a.test"},
};

std::optional<wall_time> absolute(const std::optional<duration>& since_start) {
    return since_start ? std::optional(start + *since_start) : std::nullopt;
}

certificate_budgets lived_through(const std::vector<ordered>& orders) {
    certificate_budgets out(limit);
    for (const auto& each : orders)
        (void)out.end(out.add(each.place, each.domain, start + each.at).id, each.end,
                      absolute(each.not_before));
    return out;
}

certificate_budgets restored(const std::vector<ordered>& orders) {
    std::vector<order_record> records;
    for (const auto& each : orders)
        records.push_back({records.size() + 1, each.place, each.domain, start + each.at, each.end,
                           absolute(each.not_before)});
    std::ranges::reverse(records);
    certificate_budgets out(limit);
    out.restore(std::move(records));
    return out;
}

void check(const row& each, certificate_budgets budgets) {
    const auto held = budgets.held(each.place, each.domain, start + each.from);
    BOOST_TEST(held.has_value() == (each.from != each.until));
    if (held) {
        BOOST_TEST_MESSAGE(held->why);
        BOOST_TEST(((held->until - start) / 1ns) == (each.until / 1ns));
        BOOST_TEST(held->why.find(each.says) != std::string::npos, held->why);
        BOOST_TEST(!held->why.ends_with('.'));
    }
    BOOST_TEST(!budgets.held(each.place, each.domain, start + each.until).has_value());
}

} // namespace

BOOST_AUTO_TEST_SUITE(budgets)

BOOST_AUTO_TEST_CASE(every_limit_holds_until_its_window_has_passed) {
    for (const auto& each : rows) {
        BOOST_TEST_CONTEXT(each.what << ", lived through") { check(each, lived_through(each.orders)); }
        BOOST_TEST_CONTEXT(each.what << ", after a restart") { check(each, restored(each.orders)); }
    }
}

BOOST_AUTO_TEST_CASE(the_servers_limit_can_be_changed) {
    auto budgets = lived_through(apart(10, 0h, "one"));
    budgets.set_limit(11);
    BOOST_TEST(!budgets.held("one", "a.test", start + 1h).has_value());
    budgets.set_limit(4);
    BOOST_TEST((budgets.held("one", "a.test", start + 1h)->until == start + 3h + 6min));
}

BOOST_AUTO_TEST_CASE(what_remains_of_a_servers_orders) {
    auto budgets = lived_through(apart(7, 0h, "one") + apart(2, 20min, "one", not_sent));
    BOOST_TEST(budgets.remaining("one", start + 1h) == 3U);
    BOOST_TEST(budgets.remaining("one", start + 3h - 1ns) == 3U);
    BOOST_TEST(budgets.remaining("one", start + 3h) == 4U);
    BOOST_TEST(budgets.remaining("one", start - 1h) == 3U);
    BOOST_TEST(budgets.remaining("two", start + 1h) == 10U);
    budgets.set_limit(5);
    BOOST_TEST(budgets.remaining("one", start + 1h) == 0U);

    const auto resting = lived_through(apart(3, 0h, "one", rate_limited));
    BOOST_TEST(resting.remaining("one", start + 3h) == 0U);
    BOOST_TEST(resting.remaining("one", start + 3h + 2min) == 10U);
}

BOOST_AUTO_TEST_CASE(an_order_counts_before_its_end_is_known) {
    certificate_budgets budgets(1);
    const auto sent = budgets.add("one", "www.a.test", start);
    BOOST_TEST((sent == order_record{1, "one", "www.a.test", start, unknown, {}}));
    BOOST_TEST((budgets.held("one", "b.test", start)->until == start + 3h));
    BOOST_TEST((budgets.end(sent.id, not_sent, {})->end == not_sent));
    BOOST_TEST(!budgets.held("one", "b.test", start).has_value());
    BOOST_TEST(!budgets.end(sent.id, issued, {}).has_value());
    BOOST_TEST(!budgets.end(4711, issued, {}).has_value());
}

// Orders of a wrong clock, a year ahead.
BOOST_AUTO_TEST_CASE(an_order_of_the_future_holds_nothing_for_ever) {
    const auto year = 365 * day;
    const auto orders = same("a.test", 5, year) + same("b.test", 5, year + 1h, validation_refused) +
                        same("c.test", 1, year + 2h, rate_limited) +
                        std::vector<ordered>{{year + 3h, "one", "d.test", rate_limited, year + 9 * day}};
    for (auto budgets : {lived_through(orders), restored(orders)}) {
        BOOST_TEST(budgets.remaining("one", start) == 0U);
        const auto until = [&](const char* domain, duration now) {
            const auto held = budgets.held("one", domain, start + now);
            return (held ? held->until - start : -1min) / 1min;
        };
        BOOST_TEST(until("e.test", 0h) == 3h / 1min);
        BOOST_TEST(until("a.test", 1min) == 7 * day / 1min);
        BOOST_TEST(until("b.test", 2h) == 3h / 1min);
        BOOST_TEST(until("b.test", 3h) == -1);
        BOOST_TEST(until("c.test", 3h) == -1);
        BOOST_TEST(until("d.test", 3h) == 7 * day / 1min);
        BOOST_TEST(until("a.test", 7 * day) == -1);
        BOOST_TEST(until("d.test", 7 * day) == -1);
        BOOST_TEST(until("a.test", year) == -1);
    }
}

BOOST_AUTO_TEST_CASE(a_clock_set_back_by_a_little_prolongs_by_as_little) {
    auto budgets = lived_through(same("a.test", 5, 1h, validation_refused, "one", 1s));
    BOOST_TEST((budgets.held("one", "a.test", start + 1h + 4s)->until == start + 2h));
    BOOST_TEST((budgets.held("one", "a.test", start + 1h + 2s)->until == start + 2h));
    BOOST_TEST((budgets.held("one", "a.test", start + 50min)->until == start + 1h + 50min));
    const auto next = budgets.add("one", "b.test", start + 40min);
    BOOST_TEST((next.at == start + 40min));
    BOOST_TEST((budgets.held("one", "a.test", start + 41min)->until == start + 1h + 40min));
}

BOOST_AUTO_TEST_CASE(a_clock_that_jumps_ahead_lets_go) {
    auto budgets = lived_through(same("a.test", 5, 0h) + apart(5, 10min, "one"));
    BOOST_TEST(!budgets.held("one", "a.test", start + 8 * day).has_value());
    BOOST_TEST(!budgets.held("one", "a.test", start + 1h).has_value()); // forgotten
}

BOOST_AUTO_TEST_CASE(what_a_cause_says_of_its_order) {
    const auto last = static_cast<int>(errc::internal);
    for (int i = 0; i <= last; ++i) {
        const auto cause = static_cast<errc>(i);
        order_end wanted = not_sent;
        switch (cause) {
        case errc::cert_dns:
        case errc::cert_validation: wanted = validation_refused; break;
        case errc::cert_rate_limit: wanted = rate_limited; break;
        case errc::cert_account: wanted = refused; break;
        case errc::cert_not_good:
        case errc::panel_database_locked:
        case errc::panel_disk_full: wanted = issued; break;
        case errc::ssh_outcome_unknown:
        case errc::step_timeout:
        case errc::panel_unexpected_answer:
        case errc::site_step:
        case errc::internal: wanted = unknown; break;
        default: break;
        }
        BOOST_TEST((order_end_of(cause) == wanted), "cause " << i << ' ' << code_name(cause));
    }
}

BOOST_AUTO_TEST_SUITE_END()
