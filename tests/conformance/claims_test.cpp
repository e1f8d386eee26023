// The rows that daemons share: leases, outcomes, what one learns from the other, and what a bad network does.
#include "adapters/shared_queue/work.hpp"
#include "tests/conformance/member.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <limits>
#include <map>

using namespace hosting;
using namespace hosting::test;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

template<class Condition>
bool eventually(const Condition& is_so) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!is_so())
        if (std::chrono::steady_clock::now() > limit) return false;
    return true;
}

struct queue_fixture {
    running_loop loop;
    std::deque<member> members;
    std::string domain = new_key("site") + ".example";
    std::string site_id = add_sites(loop.get(), {domain}).at(0);
    const wall_time made = now_ms();

    ~queue_fixture() {
        for (auto& each : members)
            each.leave();
        ask(loop.get(), "DELETE", "sites?id=eq." + site_id);
    }

    member& enter(std::chrono::milliseconds lease = 10min) {
        auto& next = members.emplace_back(loop.get(), lease);
        next.load();
        return next;
    }

    [[nodiscard]] bool is_given_to(member& who) const { return !who.claim_only(site_id).rows.empty(); }

    site row(member& who) const { return *who.wait_for(who.hub().read(site_id)).value(); }
    [[nodiscard]] json::object column_values() {
        return json::parse(ask(loop.get(), "GET", "sites?id=eq." + site_id)).as_array().at(0).as_object();
    }
    void change(const json::object& columns) {
        ask(loop.get(), "PATCH", "sites?id=eq." + site_id, json::serialize(columns));
    }

    result<delivery> report(member& who, const site& as_read, outcome what) {
        return who.wait_for(who.hub().report(as_read, std::move(what)));
    }
    static outcome active() { return {outcome::kind::active, "/home/u/htdocs/x", 7, ""}; }
    static outcome waiting() {
        return {outcome::kind::waiting, std::nullopt, std::nullopt, "WAITING E_X: y"};
    }

    [[nodiscard]] site_record record_of(unsigned snoozes) const {
        site_record record{site_id, domain, "", made - 1h, {}};
        record.progress.snoozes = snoozes;
        return record;
    }

    // What the queue knows of the row.
    shared_queue::job_view job(member& who) {
        auto found = who.wait_for(shared_queue::look_at_job(project(), who.network, {site_id, {}, {}}));
        BOOST_TEST_REQUIRE(found.has_value());
        return found->value_or(shared_queue::job_view());
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(claims_port, queue_fixture)

BOOST_AUTO_TEST_CASE(a_claimed_row_is_ours_alone_and_has_a_fence) {
    auto &one = enter(), &other = enter();
    BOOST_TEST(!one.rows().held(site_id));
    const auto answer = one.claim_only(site_id);
    BOOST_TEST_REQUIRE(answer.rows.size() == 1U);
    BOOST_TEST(answer.rows[0].domain == domain);
    BOOST_TEST(answer.records.empty());
    const auto mine = one.rows().held(site_id);
    BOOST_TEST_REQUIRE(mine.has_value());
    BOOST_TEST(mine->queue == one.store().installation_id());
    BOOST_TEST(mine->token > 0U);
    BOOST_TEST(!is_given_to(other));
    BOOST_TEST(!other.rows().held(site_id));
    BOOST_TEST(job(other).worker == one.name());
    BOOST_TEST(job(other).host == "host-of-" + one.name());
}

BOOST_AUTO_TEST_CASE(what_is_kept_goes_to_the_next_with_its_record_and_a_higher_token) {
    auto &one = enter(), &other = enter();
    BOOST_TEST(is_given_to(one));
    const auto token = one.rows().held(site_id)->token;
    one.store().keep(record_of(3));
    one.flush();
    BOOST_TEST(!one.rows().held(site_id));
    const auto answer = other.claim_only(site_id);
    BOOST_TEST_REQUIRE(answer.records.size() == 1U);
    BOOST_TEST(alike(answer.records[0], record_of(3)));
    BOOST_TEST(other.rows().held(site_id)->token > token);
    // of a row that is not ours nothing is kept or forgotten
    one.store().keep(record_of(9));
    one.store().forget_site(site_id);
    one.rows().give_back(site_id);
    one.flush();
    BOOST_TEST(job(one).record.value().progress.snoozes == 3U);
    BOOST_TEST(job(one).worker == other.name());
}

BOOST_AUTO_TEST_CASE(what_is_given_back_is_as_it_was_claimed) {
    auto &one = enter(), &other = enter();
    BOOST_TEST(is_given_to(one));
    one.store().keep(record_of(3));
    BOOST_TEST(is_given_to(one)); // written before the claim
    one.rows().give_back(site_id);
    one.flush();
    BOOST_TEST(alike(other.claim_only(site_id).records, std::vector{record_of(3)}));
}

BOOST_AUTO_TEST_CASE(what_a_claim_finds_under_way_is_not_lost) {
    auto& one = enter();
    BOOST_TEST(is_given_to(one));
    const auto again = one.claim_only(site_id);
    BOOST_TEST(again.rows.empty());
    BOOST_TEST(again.lost.empty());
    BOOST_TEST(one.rows().held(site_id).has_value());
}

BOOST_AUTO_TEST_CASE(leases_are_renewed_without_a_claim) {
    constexpr auto lease = 3s;
    auto &one = enter(lease), &other = enter();
    BOOST_TEST(is_given_to(one));
    const auto token = one.rows().held(site_id)->token;
    const auto end = std::chrono::steady_clock::now() + 2 * lease;
    while (std::chrono::steady_clock::now() < end) {
        BOOST_TEST_REQUIRE(one.rows().held(site_id).has_value());
        BOOST_TEST_REQUIRE(!is_given_to(other));
    }
    BOOST_TEST(one.rows().held(site_id)->token == token);
    BOOST_TEST(one.claim_only(site_id).lost.empty());
}

BOOST_AUTO_TEST_CASE(a_row_that_cannot_be_renewed_is_no_longer_held_before_it_is_somebody_elses) {
    auto &one = enter(6s), &other = enter(); // a tenth before its end it is no longer held
    BOOST_TEST(is_given_to(one));
    one.network.next("renew", std::vector<fate>(100, fate::unreachable));
    bool still_held = false;
    BOOST_TEST(eventually([&] {
        still_held = one.rows().held(site_id).has_value();
        return is_given_to(other);
    }));
    BOOST_TEST(!still_held);
    BOOST_TEST((report(one, row(one), active()).error().code == errc::lease_lost));
    const auto answer = one.claim_only(site_id);
    BOOST_TEST((answer.lost == std::vector{site_id}));
    BOOST_TEST(answer.rows.empty());
    BOOST_TEST(one.claim_only(site_id).lost.empty()); // told once
    BOOST_TEST((report(other, row(other), active()).value() == delivery::written));
}

BOOST_AUTO_TEST_CASE(a_crash_is_succeeded_after_the_lease) {
    auto &one = enter(600ms), &other = enter();
    BOOST_TEST(is_given_to(one));
    one.vanish();
    BOOST_TEST(eventually([&] { return is_given_to(other); }));
}

BOOST_AUTO_TEST_CASE(who_leaves_gives_everything_back_at_once) {
    auto &one = enter(), &other = enter();
    BOOST_TEST(is_given_to(one));
    one.wait_for(one.rows().leave());
    BOOST_TEST(!one.rows().held(site_id));
    BOOST_TEST(is_given_to(other));
    // what comes behind it does not enter again
    BOOST_TEST(!one.wait_for(one.rows().claim({})).has_value());
    one.vanish();
}

BOOST_AUTO_TEST_CASE(an_outcome_is_written_and_ends_the_job) {
    auto& one = enter();
    BOOST_TEST(is_given_to(one));
    const auto as_read = row(one);
    BOOST_TEST((report(one, as_read, waiting()).value() == delivery::written));
    BOOST_TEST(column_values().at("error_message") == "WAITING E_X: y");
    BOOST_TEST(one.rows().held(site_id).has_value());
    BOOST_TEST((report(one, as_read, active()).value() == delivery::written));
    BOOST_TEST(column_values().at("status_hosting") == "active");
    BOOST_TEST(column_values().at("hosting_doc_root") == "/home/u/htdocs/x");
    BOOST_TEST(column_values().at("matomo_site_id") == 7);
    BOOST_TEST(column_values().at("error_message").is_null());
    BOOST_TEST(!one.rows().held(site_id));
    BOOST_TEST(job(one).worker.empty());
    BOOST_TEST(one.claim({}).lost.empty());
}

BOOST_AUTO_TEST_CASE(a_row_that_changed_is_not_written_over) {
    auto& one = enter();
    BOOST_TEST(is_given_to(one));
    const auto as_read = row(one);
    change({{"domain", "other-" + domain}});
    BOOST_TEST((report(one, as_read, active()).value() == delivery::row_changed));
    BOOST_TEST(column_values().at("status_hosting") == "pending");
    one.store().forget_site(site_id);
    one.flush();
    BOOST_TEST(!job(one).record.has_value());
}

BOOST_AUTO_TEST_CASE(a_row_that_the_database_refuses_is_said_so) {
    auto& one = enter();
    BOOST_TEST(is_given_to(one));
    auto what = active();
    what.matomo_site_id = std::int64_t{1} << 40; // the column has 32 bits
    BOOST_TEST((report(one, row(one), what).error().code == errc::row_rejected));
    BOOST_TEST(one.rows().held(site_id).has_value());
}

BOOST_AUTO_TEST_CASE(an_outcome_whose_answer_is_lost_is_looked_after) {
    for (const auto happens : {fate::lost_before, fate::lost_after}) {
        auto& one = enter();
        change({{"status_hosting", "pending"}, {"error_message", nullptr}});
        BOOST_TEST(is_given_to(one));
        const auto as_read = row(one);
        one.network.next("finish", {happens});
        BOOST_TEST((report(one, as_read, active()).value() == delivery::written));
        BOOST_TEST(one.network.is_done());
        BOOST_TEST(column_values().at("status_hosting") == "active");
        BOOST_TEST(!one.rows().held(site_id));
        BOOST_TEST(one.claim({}).lost.empty());
        one.leave();
    }
}

BOOST_AUTO_TEST_CASE(an_outcome_that_never_arrives_can_be_reported_again) {
    auto& one = enter();
    BOOST_TEST(is_given_to(one));
    const auto as_read = row(one);
    one.network.next("finish", {fate::lost_before, fate::lost_before, fate::unreachable});
    BOOST_TEST((report(one, as_read, active()).error().code == errc::supabase_unreachable));
    BOOST_TEST((report(one, as_read, active()).error().code == errc::supabase_unreachable));
    BOOST_TEST(one.rows().held(site_id).has_value());
    BOOST_TEST((report(one, as_read, active()).value() == delivery::written));
}

BOOST_AUTO_TEST_CASE(what_was_claimed_by_a_call_whose_answer_is_lost_is_given_back) {
    auto &one = enter(), &other = enter();
    one.network.next("claim", {fate::lost_after});
    claim_demand wanted;
    wanted.room = 1;
    wanted.only = site_id;
    BOOST_TEST((one.wait_for(one.rows().claim(wanted)).error().code == errc::supabase_unreachable));
    BOOST_TEST(!one.rows().held(site_id));
    BOOST_TEST(!is_given_to(other));
    BOOST_TEST(one.claim({}).rows.empty());
    one.flush();
    BOOST_TEST(is_given_to(other));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_is_written_later) {
    auto &one = enter(), &other = enter();
    BOOST_TEST(is_given_to(one));
    one.network.next("record", {fate::unreachable, fate::lost_before});
    one.store().keep(record_of(3));
    one.store().keep(facts_of(domain));
    BOOST_TEST(eventually([&] { return one.network.is_done() || (one.flush(), false); }));
    one.claim({});
    BOOST_TEST(alike(other.claim_only(site_id).records, std::vector{record_of(3)}));
}

BOOST_AUTO_TEST_CASE(a_write_that_is_done_twice_is_done_once) {
    auto &one = enter(), &other = enter();
    BOOST_TEST(is_given_to(one));
    one.network.next("record", {fate::lost_after});
    one.store().keep(record_of(3));
    one.flush();
    BOOST_TEST(is_given_to(other)); // it was written
    one.claim({});                  // again
    BOOST_TEST(job(one).worker == other.name());
    BOOST_TEST(other.claim({}).lost.empty());
}

BOOST_AUTO_TEST_CASE(what_the_database_never_takes_keeps_back_nothing_else) {
    auto &one = enter(), &other = enter();
    BOOST_TEST(is_given_to(one));
    auto endless = order_of(std::numeric_limits<std::uint64_t>::max()); // no bigint
    one.store().end_order(endless);
    one.store().keep(record_of(3));
    one.store().keep(facts_of(domain));
    one.flush();
    BOOST_TEST(alike(other.claim_only(site_id).records, std::vector{record_of(3)}));
    const auto lines = one.journal.lines();
    BOOST_TEST_REQUIRE(lines.size() == 1U);
    BOOST_TEST(
        lines[0].starts_with("warning the shared queue does not take what was learned of the order 18446"),
        lines[0]);
}

BOOST_AUTO_TEST_CASE(texts_that_are_none_are_kept_as_near_as_can_be) {
    auto &one = enter(), &other = enter();
    BOOST_TEST(is_given_to(one));
    auto record = record_of(3);
    record.progress.failed_since = now_ms();
    record.progress.last = {errc::site_step, std::string("a\0b\xff", 4)};
    one.store().keep(record);
    one.flush();
    const auto answer = other.claim_only(site_id);
    BOOST_TEST_REQUIRE(answer.records.size() == 1U);
    BOOST_TEST(answer.records[0].progress.last.detail == "a?b?");
}

BOOST_AUTO_TEST_CASE(what_one_learns_the_other_is_told_once) {
    auto &one = enter(), &other = enter();
    auto facts = facts_of(domain);
    auto& refusal = facts.refused.emplace();
    refusal.why = {errc::ssh_auth, "no"};
    refusal.key = "digest";
    refusal.until = now_ms() + 1h;
    one.store().keep(facts);
    const auto incident = incident_of(domain, 2);
    one.store().keep(incident);
    one.flush();
    const auto told = other.claim({});
    BOOST_TEST(alike(told.servers, std::vector{facts}));
    const auto of_ours = [&](const std::vector<incident_record>& all) {
        std::vector<incident_record> some;
        std::ranges::copy_if(all, std::back_inserter(some), [&](const auto& i) { return i.place == domain; });
        return some;
    };
    BOOST_TEST(alike(of_ours(told.incidents), std::vector{incident}));
    const auto again = other.claim({});
    BOOST_TEST(again.servers.empty());
    BOOST_TEST(of_ours(again.incidents).size() == 1U); // all that there are
    one.store().forget_incident(domain);
    one.flush();
    BOOST_TEST(of_ours(other.claim({}).incidents).empty());
}

BOOST_AUTO_TEST_CASE(orders_are_told_and_one_that_is_not_known_refuses_another) {
    auto& one = enter();
    const auto first_id = [&](member& who) { return who.load().first_order_id; };
    auto& other = members.emplace_back(loop.get());
    const auto others_id = first_id(other);
    auto order = order_of(first_id(one));
    order.place = domain;
    order.domain = "www." + domain;
    BOOST_TEST(one.wait_for(one.store().keep_order(order))->kept);
    auto mine = order;
    mine.id = others_id;
    mine.domain = "other." + domain;
    const auto refused = other.wait_for(other.store().keep_order(mine)).value();
    BOOST_TEST(!refused.kept);
    BOOST_TEST(alike(refused.news, std::vector{order}));
    BOOST_TEST(other.wait_for(other.store().keep_order(mine))->kept);
    order.end = order_end::issued;
    one.store().end_order(order);
    one.flush();
    const auto told = other.claim({});
    BOOST_TEST(alike(told.orders, std::vector{order}));
    BOOST_TEST(other.claim({}).orders.empty());
    // its own orders are not told to the one who placed them
    BOOST_TEST(alike(one.claim({}).orders, std::vector{mine}));
}

BOOST_AUTO_TEST_CASE(an_order_whose_answer_is_lost_is_no_order_yet_and_can_be_kept_again) {
    auto& one = enter();
    auto order = order_of(one.load().first_order_id);
    order.place = domain;
    order.domain = domain;
    one.network.next("order", {fate::lost_after});
    BOOST_TEST((one.wait_for(one.store().keep_order(order)).error().code == errc::supabase_unreachable));
    BOOST_TEST(one.wait_for(one.store().keep_order(order))->kept);
}

BOOST_AUTO_TEST_CASE(who_is_not_known_any_more_enters_again_and_has_lost_its_rows) {
    auto& one = enter();
    BOOST_TEST(is_given_to(one));
    const auto token = one.rows().held(site_id)->token;
    ask(loop.get(), "POST", "rpc/hosting_automator_leave",
        json::serialize(json::object{{"worker", one.name()}}));
    const auto answer = one.claim_only(site_id);
    BOOST_TEST((answer.lost == std::vector{site_id}));
    BOOST_TEST_REQUIRE(answer.rows.size() == 1U);
    BOOST_TEST(one.rows().held(site_id)->token > token);
    BOOST_TEST((report(one, row(one), active()).value() == delivery::written));
}

BOOST_AUTO_TEST_CASE(who_works_is_seen) {
    auto &one = enter(), &idle = enter();
    BOOST_TEST(is_given_to(one));
    const auto work = one.wait_for(shared_queue::look_at_work(project(), one.network)).value();
    BOOST_TEST_REQUIRE(work.has_value());
    BOOST_TEST(work->version == shared_queue::wanted_version);
    std::map<std::string, std::size_t> held;
    for (const auto& each : work->workers)
        held[each.worker] = each.held;
    BOOST_TEST(held.at(one.name()) == 1U);
    BOOST_TEST(held.at(idle.name()) == 0U);
}

BOOST_AUTO_TEST_CASE(a_daemon_whose_memory_could_not_be_loaded_enters_with_its_first_claim) {
    auto& late = members.emplace_back(loop.get());
    late.network.next("enter", {fate::unreachable});
    BOOST_TEST((late.wait_for(late.store().load()).error().code == errc::supabase_unreachable));
    BOOST_TEST(is_given_to(late));
    BOOST_TEST(late.rows().held(site_id)->queue.size() == 36U);
}

BOOST_AUTO_TEST_CASE(two_that_could_not_load_their_memory_do_not_place_the_same_order) {
    std::vector<order_record> placed;
    for (const char* name : {"a", "b"}) {
        auto& late = members.emplace_back(loop.get());
        late.network.next("enter", {fate::unreachable});
        BOOST_TEST(!late.wait_for(late.store().load()).has_value());
        auto order = order_of(1); // they count from one
        order.place = name + domain;
        order.domain = name + new_key("site") + ".com"; // no registered domain in common
        auto answer = late.wait_for(late.store().keep_order(order));
        BOOST_TEST((answer.has_value() && answer->kept));
        order.end = order_end::issued;
        late.store().end_order(order);
        late.flush();
        placed.push_back(order);
    }
    std::vector<order_record> found;
    auto& next = members.emplace_back(loop.get());
    for (const auto& each : next.load().orders)
        if (each.place.ends_with(domain)) found.push_back(each);
    BOOST_TEST_REQUIRE(found.size() == 2U);
    BOOST_TEST(found[0].id != found[1].id);
    for (std::size_t i = 0; i < 2; ++i) {
        placed[i].id = found[i].id;
        BOOST_TEST(alike(found[i], placed[i]));
    }
}

BOOST_AUTO_TEST_SUITE_END()

// tests/shared runs these where the functions are not there, or are another version's.
namespace {

struct newcomer {
    running_loop loop;
    member one{loop.get()};

    void is_told_how_to_apply_it() {
        const auto loaded = one.wait_for(one.store().load());
        const auto claimed = one.wait_for(one.rows().claim({}));
        for (const auto& why : {loaded.error(), claimed.error()}) {
            BOOST_TEST((why.code == errc::supabase_schema));
            BOOST_TEST(why.detail.find(shared_queue::how_to_apply) != std::string::npos, why.detail);
        }
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(without_the_queue, newcomer)

BOOST_AUTO_TEST_CASE(it_is_said_how_to_make_it) {
    is_told_how_to_apply_it();
    const auto work = one.wait_for(shared_queue::look_at_work(project(), one.network));
    BOOST_TEST((work.has_value() && !work->has_value()));
    const auto job = one.wait_for(shared_queue::look_at_job(project(), one.network, {"x", {}, {}}));
    BOOST_TEST((job.has_value() && !job->has_value()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(another_version, newcomer)

BOOST_AUTO_TEST_CASE(it_is_said_how_to_upgrade_it) {
    is_told_how_to_apply_it();
    const auto work = one.wait_for(shared_queue::look_at_work(project(), one.network));
    BOOST_TEST_REQUIRE((work.has_value() && work->has_value()));
    BOOST_TEST((*work)->version == shared_queue::wanted_version + 1);
}

BOOST_AUTO_TEST_SUITE_END()
