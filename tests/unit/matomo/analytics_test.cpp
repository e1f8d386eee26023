#include "adapters/matomo/matomo.hpp"
#include "fake_matomo.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace std::chrono_literals;
using fate = fake_matomo::fate;

namespace {

struct analytics_fixture {
    boost::asio::io_context loop;
    fake_matomo matomo{loop.get_executor()};
    std::optional<matomo::credentials> configured;
    std::optional<failure> source_failure;
    int source_calls = 0;
    std::chrono::steady_clock::time_point now{100h};
    std::unique_ptr<analytics> sites;

    analytics_fixture() {
        configured.emplace();
        configured->url = "https://m.example";
        configured->token = secret("good");
        matomo::timing when;
        when.now = [this] { return now; };
        when.patience_after_loss = 1ms;
        sites = matomo::make_analytics(
            loop.get_executor(), matomo, [this] { return credentials(); }, when);
    }

    boost::asio::awaitable<result<std::optional<matomo::credentials>>> credentials() {
        ++source_calls;
        if (source_failure) co_return *source_failure;
        co_return configured;
    }

    template<class T>
    std::future<T> start(boost::asio::awaitable<T> what) {
        return boost::asio::co_spawn(loop, std::move(what), boost::asio::use_future);
    }
    template<class T>
    T run(boost::asio::awaitable<T> what) {
        auto done = start(std::move(what));
        loop.restart();
        loop.run();
        return done.get();
    }
    // Leaves undone what Matomo does later.
    template<class T>
    T run_briefly(boost::asio::awaitable<T> what) {
        auto done = start(std::move(what));
        loop.restart();
        while (done.wait_for(0s) != std::future_status::ready)
            loop.run_one();
        return done.get();
    }
    result<std::int64_t> ensure(const std::string& domain = "a.example") {
        return run(sites->ensure(domain));
    }
    errc refused() { return ensure().error().code; }
    int requests() const {
        int sum = 0;
        for (const auto& [method, count] : matomo.calls)
            sum += count;
        return sum;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(matomo_analytics, analytics_fixture)

BOOST_AUTO_TEST_CASE(a_site_is_added_once_and_then_found) {
    BOOST_TEST(!run(sites->find("a.example")).value());
    BOOST_TEST(ensure().value() == 1);
    BOOST_TEST(ensure().value() == 1);
    BOOST_TEST(run(sites->find("a.example")).value().value() == 1);
    BOOST_TEST(matomo.sites.size() == 1);
    BOOST_TEST(matomo.sites[0].name == "a.example");
    BOOST_TEST(matomo.sites[0].urls[0] == "https://a.example");
    BOOST_TEST(matomo.calls["UsersManager.hasSuperUserAccess"] == 1);
    BOOST_TEST(source_calls == 1);
}

BOOST_AUTO_TEST_CASE(the_lowest_of_several_is_taken) {
    matomo.add("x", {"https://other.example"});
    matomo.add("one", {"http://www.a.example"});
    matomo.add("two", {"https://a.example"});
    BOOST_TEST(ensure().value() == 2);
    BOOST_TEST(matomo.sites.size() == 3);
}

BOOST_AUTO_TEST_CASE(a_false_hit_is_not_taken) {
    matomo.add("aexample.org", {"https://aexample.org"});
    BOOST_TEST(ensure("awww.example.org").value() == 2);
}

BOOST_AUTO_TEST_CASE(too_many_false_hits_add_nothing) {
    for (int i = 0; i < 11; ++i)
        matomo.add("aexample.org", {"https://aexample.org"});
    BOOST_TEST((ensure("awww.example.org").error().code == errc::matomo_unexpected));
    BOOST_TEST(matomo.sites.size() == 11);
}

BOOST_AUTO_TEST_CASE(parallel_calls_for_one_domain_make_one_site) {
    std::vector<std::future<result<std::int64_t>>> all;
    for (int i = 0; i < 30; ++i)
        all.push_back(start(sites->ensure(i % 2 ? "a.example" : "b.example")));
    loop.run();
    for (auto& each : all)
        BOOST_TEST(each.get().has_value());
    BOOST_TEST(matomo.sites.size() == 2);
    BOOST_TEST(matomo.most_at_once <= 4);
}

BOOST_AUTO_TEST_CASE(a_lost_answer_is_looked_behind) {
    matomo.fates = {fate::lost_after};
    BOOST_TEST(ensure().value() == 1);
    BOOST_TEST(matomo.sites.size() == 1);
}

BOOST_AUTO_TEST_CASE(a_lost_request_is_made_once_more) {
    matomo.fates = {fate::lost_before};
    BOOST_TEST(ensure().value() == 1);
    BOOST_TEST(matomo.calls["SitesManager.addSite"] == 2);

    matomo.fates = {fate::lost_before, fate::lost_before};
    BOOST_TEST((ensure("b.example").error().code == errc::matomo_unreachable));
    BOOST_TEST(matomo.calls["SitesManager.addSite"] == 4);
}

BOOST_AUTO_TEST_CASE(a_site_that_appears_late_is_not_made_twice) {
    matomo.fates = {fate::late};
    BOOST_TEST(ensure().value() == 1);
    BOOST_TEST(matomo.sites.size() == 1);
}

BOOST_AUTO_TEST_CASE(a_half_made_site_is_adopted_and_completed) {
    matomo.add("www.a.example", {});
    matomo.add("a.example.org", {});
    matomo.fates = {fate::orphaned};
    BOOST_TEST(ensure().value() == 3);
    BOOST_TEST(matomo.sites.size() == 3);
    BOOST_TEST(matomo.sites[2].urls.at(0) == "https://a.example");
    BOOST_TEST(ensure().value() == 3);
}

// Nothing of an earlier life is known but what it left in Matomo.
BOOST_AUTO_TEST_CASE(what_an_earlier_life_left_half_made_is_found_before_anything_is_added) {
    const auto orphan = matomo.add("a.example", {});
    BOOST_TEST(ensure().value() == orphan);
    BOOST_TEST(matomo.calls["SitesManager.addSite"] == 0);
    BOOST_TEST(matomo.sites.at(0).urls.at(0) == "https://a.example");
    BOOST_TEST(ensure().value() == orphan);
    BOOST_TEST(matomo.calls["SitesManager.getPatternMatchSites"] == 1); // only where its URL finds nothing
}

// Its addSite gave it its URL between our look by URL and the one by name.
BOOST_AUTO_TEST_CASE(a_site_that_an_earlier_life_completes_just_now_is_found) {
    matomo.before_each = [&](const std::string& method) {
        if (method == "SitesManager.getPatternMatchSites" && matomo.sites.empty())
            matomo.add("a.example", {"https://a.example"});
    };
    BOOST_TEST(ensure().value() == 1);
    BOOST_TEST(matomo.sites.size() == 1);
}

BOOST_AUTO_TEST_CASE(a_half_made_site_is_found_by_the_name_that_matomo_cut) {
    const std::string label(60, 'a');
    const std::string domain = label + "." + label + ".com";
    matomo.add(domain, {});
    BOOST_TEST(ensure(domain).value() == 1);
    BOOST_TEST(matomo.sites.size() == 1);
    BOOST_TEST(matomo.sites.at(0).urls.at(0) == "https://" + domain);
}

BOOST_AUTO_TEST_CASE(a_half_made_site_is_found_behind_many_of_like_name) {
    for (int i = 0; i < 150; ++i)
        matomo.add("s" + std::to_string(i) + ".a.example", {"https://s.example"});
    matomo.add("a.example", {});
    BOOST_TEST(ensure().value() == 151);
    // Beyond what one look shows nothing is added.
    for (int i = 0; i < 1'000; ++i)
        matomo.add("s" + std::to_string(i) + ".b.example", {"https://s.example"});
    BOOST_TEST((ensure("b.example").error().code == errc::matomo_unexpected));
    BOOST_TEST(matomo.calls["SitesManager.addSite"] == 0);
}

// The call took long before it was given up, and goes on in the server.
BOOST_AUTO_TEST_CASE(a_lost_add_is_given_as_long_as_it_had_taken) {
    matomo.fates = {fate::slow};
    matomo.on_add = [&] {
        now += 80ms;
        matomo.finish_slow_in(40ms);
    };
    BOOST_TEST(ensure().value() == 1);
    BOOST_TEST(matomo.sites.size() == 1);
    BOOST_TEST(matomo.calls["SitesManager.addSite"] == 1);
}

BOOST_AUTO_TEST_CASE(the_next_call_waits_for_what_the_last_one_lost) {
    matomo.fates = {fate::lost_before, fate::slow};
    matomo.on_add = [&] {
        if (matomo.fates.empty()) now += 80ms;
    };
    BOOST_TEST((run_briefly(sites->ensure("a.example")).error().code == errc::matomo_unreachable));
    BOOST_TEST(matomo.sites.empty());
    matomo.finish_slow_in(40ms);
    BOOST_TEST(ensure().value() == 1);
    BOOST_TEST(matomo.sites.size() == 1);
    BOOST_TEST(matomo.calls["SitesManager.addSite"] == 2);
}

BOOST_AUTO_TEST_CASE(a_site_of_that_name_with_another_url_is_not_adopted) {
    matomo.add("a.example", {"https://elsewhere.example"});
    matomo.fates = {fate::lost_before};
    BOOST_TEST(ensure().value() == 2);
    BOOST_TEST(matomo.sites[0].urls.at(0) == "https://elsewhere.example");
}

BOOST_AUTO_TEST_CASE(an_unavailable_matomo_is_tried_once_more_and_then_reported) {
    matomo.fates = {fate::unavailable};
    BOOST_TEST(ensure().value() == 1);
    http::response maintenance;
    maintenance.status = 503;
    matomo.instead = maintenance;
    BOOST_TEST((refused() == errc::matomo_unreachable));
}

BOOST_AUTO_TEST_CASE(a_refused_token_is_sent_once_however_many_ask) {
    for (bool version_4 : {false, true}) {
        matomo.version_4 = version_4;
        now += 2h;
        int before = matomo.bad_tokens;
        configured->token = secret("bad");
        std::vector<std::future<result<std::int64_t>>> all;
        for (int i = 0; i < 50; ++i)
            all.push_back(start(sites->ensure("s" + std::to_string(i) + ".example")));
        loop.restart();
        loop.run();
        for (auto& each : all)
            BOOST_TEST((each.get().error().code == errc::matomo_refused));
        BOOST_TEST(matomo.bad_tokens == before + 1);
        BOOST_TEST((run(sites->find("a.example")).error().code == errc::matomo_refused));
        BOOST_TEST(matomo.bad_tokens == before + 1);
    }
    BOOST_TEST(matomo.sites.empty());
}

BOOST_AUTO_TEST_CASE(a_lockout_is_silence_too) {
    matomo.bad_tokens = 21; // of others at this address
    BOOST_TEST((refused() == errc::matomo_refused));
    const int asked = requests();
    for (int i = 0; i < 20; ++i)
        BOOST_TEST((refused() == errc::matomo_refused));
    BOOST_TEST(requests() == asked);
    now += 61min;
    matomo.bad_tokens = 0;
    BOOST_TEST(ensure().value() == 1);
}

BOOST_AUTO_TEST_CASE(a_lockout_while_we_work_is_noticed) {
    BOOST_TEST(ensure().value() == 1);
    matomo.bad_tokens = 21;
    BOOST_TEST((ensure("b.example").error().code == errc::matomo_unreachable));
    BOOST_TEST((ensure("b.example").error().code == errc::matomo_refused));
    configured->token = secret("another"); // other credentials are tried, and the address is locked still
    now += 61s;
    BOOST_TEST((ensure("b.example").error().code == errc::matomo_refused));
    BOOST_TEST(matomo.bad_tokens == 21);
}

BOOST_AUTO_TEST_CASE(a_matomo_that_is_broken_for_all_is_no_lockout) {
    BOOST_TEST(ensure().value() == 1);
    matomo.out_of_order = true;
    BOOST_TEST((ensure("b.example").error().code == errc::matomo_unreachable));
    BOOST_TEST((ensure("b.example").error().code == errc::matomo_unreachable));
    matomo.out_of_order = false;
    BOOST_TEST(ensure("b.example").value() == 2);
    matomo.fates = {fate::killed};
    BOOST_TEST(ensure("c.example").value() == 3);
}

BOOST_AUTO_TEST_CASE(silence_ends_after_an_hour_or_with_another_token) {
    configured->token = secret("bad");
    BOOST_TEST((refused() == errc::matomo_refused));
    now += 59min;
    BOOST_TEST((refused() == errc::matomo_refused));
    BOOST_TEST(matomo.bad_tokens == 1);
    now += 2min;
    BOOST_TEST((refused() == errc::matomo_refused));
    BOOST_TEST(matomo.bad_tokens == 2);

    configured->token = secret("good");
    now += 61s; // the source is asked once a minute meanwhile
    BOOST_TEST(ensure().value() == 1);
}

BOOST_AUTO_TEST_CASE(a_token_withdrawn_later_is_noticed) {
    BOOST_TEST(ensure().value() == 1);
    matomo.token = "another";
    BOOST_TEST((ensure("b.example").error().code == errc::matomo_refused));
    BOOST_TEST((ensure("c.example").error().code == errc::matomo_refused));
    BOOST_TEST(matomo.bad_tokens == 1);

    now += 2h;
    matomo.token = "good";
    BOOST_TEST(ensure("b.example").value() == 2);
    // 4.x says nothing at a look-up; the addSite fails, and the next call asks whether the token is good at
    // all.
    matomo.version_4 = true;
    matomo.token = "another";
    BOOST_TEST((ensure("c.example").error().code == errc::matomo_unexpected));
    BOOST_TEST((ensure("c.example").error().code == errc::matomo_refused));
    BOOST_TEST(matomo.sites.size() == 2);
}

// 4.x answers a bad token as if there were no sites; each such answer is a failed login.
BOOST_AUTO_TEST_CASE(a_withdrawn_token_locks_nobody_out_however_many_ask) {
    BOOST_TEST(ensure().value() == 1);
    matomo.version_4 = true;
    matomo.token = "another";
    std::vector<std::future<result<std::int64_t>>> all;
    for (int i = 0; i < 200; ++i)
        all.push_back(start(sites->ensure("s" + std::to_string(i) + ".example")));
    loop.restart();
    loop.run();
    for (auto& each : all)
        BOOST_TEST(!each.get().has_value());
    BOOST_TEST(matomo.bad_tokens < 20);
    BOOST_TEST((refused() == errc::matomo_refused));
    BOOST_TEST(matomo.sites.size() == 1);
}

BOOST_AUTO_TEST_CASE(a_token_without_super_user_access_is_refused) {
    matomo.super_user = false;
    BOOST_TEST((refused() == errc::matomo_refused));
    BOOST_TEST(matomo.calls["SitesManager.addSite"] == 0);
}

BOOST_AUTO_TEST_CASE(without_credentials_nothing_is_asked) {
    configured.reset();
    BOOST_TEST((refused() == errc::matomo_not_configured));
    BOOST_TEST((refused() == errc::matomo_not_configured));
    BOOST_TEST(requests() == 0);
    BOOST_TEST(source_calls == 1);
    now += 61s;
    configured.emplace();
    configured->url = "m.example";
    configured->token = secret("good");
    auto wrong = ensure();
    BOOST_TEST((wrong.error().code == errc::matomo_not_configured));
    BOOST_TEST(wrong.error().detail.find("http://") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_source_that_fails_does_not_stop_what_works) {
    failure away;
    away.code = errc::supabase_unreachable;
    away.detail = "Supabase cannot be reached";
    source_failure = away;
    BOOST_TEST((refused() == errc::matomo_unreachable));
    source_failure.reset();
    BOOST_TEST(ensure().value() == 1);
    source_failure = away;
    now += 11min;
    BOOST_TEST(ensure("b.example").value() == 2);
}

BOOST_AUTO_TEST_CASE(new_credentials_are_taken_within_ten_minutes) {
    BOOST_TEST(ensure().value() == 1);
    matomo.token = "new";
    configured->token = secret("new");
    now += 11min;
    BOOST_TEST(ensure("b.example").value() == 2);
    BOOST_TEST(matomo.bad_tokens == 0);
    BOOST_TEST(matomo.calls["UsersManager.hasSuperUserAccess"] == 2);
}

BOOST_AUTO_TEST_CASE(a_redirect_says_that_the_url_is_wrong) {
    http::response moved;
    moved.status = 301;
    moved.location = "https://m.example/matomo/";
    matomo.instead = moved;
    auto got = ensure();
    BOOST_TEST((got.error().code == errc::matomo_unexpected));
    BOOST_TEST(got.error().detail.find("https://m.example/matomo/") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
