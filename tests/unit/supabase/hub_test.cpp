#include "adapters/supabase/supabase.hpp"
#include "fake_postgrest.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

using namespace hosting;
using fate = fake_postgrest::fate;

namespace {

struct hub_fixture {
    fake_postgrest db;
    std::unique_ptr<supabase::hub> hub;

    hub_fixture() {
        db.tables["sites"];
        db.tables["servers"];
        make(200);
    }

    void make(std::size_t page_size) {
        supabase::settings with;
        with.url = *http::parse_url("https://db.example");
        with.service_key = secret("sb_secret_x");
        with.page_size = page_size;
        hub = supabase::make_hub(with, db);
    }

    template<class T>
    T run(boost::asio::awaitable<T> what) {
        boost::asio::io_context loop;
        auto done = boost::asio::co_spawn(loop, std::move(what), boost::asio::use_future);
        loop.run();
        return done.get();
    }

    boost::json::object& add_site(const std::string& id, const std::string& domain = "a.example") {
        boost::json::object row{{"id", id},
                                {"domain", domain},
                                {"server_id", "s1"},
                                {"created_at", "2026-01-01T00:00:00+00:00"},
                                {"status_dns", "active"},
                                {"status_hosting", "pending"},
                                {"hosting_doc_root", nullptr},
                                {"matomo_site_id", nullptr},
                                {"error_message", nullptr}};
        db.tables["sites"].push_back(row);
        return db.tables["sites"].back();
    }

    site as_read(const std::string& id) { return *run(hub->read(id)).value(); }
    boost::json::object& row(std::size_t at = 0) { return db.tables["sites"].at(at); }
    std::size_t requests(auto&& work) {
        db.seen.clear();
        work();
        return db.seen.size();
    }
};

outcome active() {
    outcome out;
    out.document_root = "/home/u/htdocs/a.example";
    out.matomo_site_id = 7;
    return out;
}

outcome failed(const std::string& why = "E_CERT: no") {
    outcome out;
    out.what = outcome::kind::failed;
    out.error_message = why;
    return out;
}

std::string numbered(int i) {
    std::string digits = std::to_string(i);
    return "id-" + std::string(6 - digits.size(), '0') + digits;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(supabase_hub, hub_fixture)

BOOST_AUTO_TEST_CASE(all_pages_are_read_whatever_the_server_cuts) {
    for (std::size_t max_rows : {7, 100, 1000}) {
        for (int rows : {0, 1, 7, 8, 99, 100, 101, 250}) {
            for (std::size_t page_size : {5, 100, 200}) {
                db.max_rows = max_rows;
                make(page_size);
                db.tables["sites"].clear();
                for (int i = 0; i < rows; ++i)
                    add_site(numbered(i));
                BOOST_TEST(run(hub->pending()).value().rows.size() == static_cast<std::size_t>(rows));
                BOOST_TEST(run(hub->pending()).value().rows.size() == static_cast<std::size_t>(rows));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_full_scan_of_few_rows_costs_one_request) {
    BOOST_TEST(requests([&] { run(hub->pending()).value(); }) == 1);
    for (int i = 0; i < 3; ++i)
        add_site(numbered(i));
    run(hub->pending()).value();
    db.tables["sites"].pop_back();
    BOOST_TEST(requests([&] { BOOST_TEST(run(hub->pending()).value().rows.size() == 2); }) == 1);
}

// Three rows waited, and the server happens to cut at three.
BOOST_AUTO_TEST_CASE(rows_behind_a_cut_are_seen) {
    db.max_rows = 3;
    for (int i = 0; i < 3; ++i)
        add_site(numbered(i));
    run(hub->pending()).value();
    add_site(numbered(3));
    BOOST_TEST(run(hub->pending()).value().rows.size() == 4);
}

BOOST_AUTO_TEST_CASE(only_pending_rows_with_dns_come_oldest_first) {
    add_site("a")["created_at"] = "2026-01-01T02:00:00.5+00:00";
    add_site("b")["created_at"] = "2026-01-01T03:00:00.4+01:00";
    add_site("c")["created_at"] = "2026-01-01T00:00:00+00:00";
    add_site("d")["status_dns"] = "pending";
    add_site("e")["status_hosting"] = "active";
    auto rows = run(hub->pending()).value().rows;
    BOOST_REQUIRE(rows.size() == 3);
    BOOST_TEST(rows[0].id == "c");
    BOOST_TEST(rows[1].id == "b");
    BOOST_TEST(rows[2].id == "a");
    BOOST_TEST(rows[0].server_id == "s1");
}

BOOST_AUTO_TEST_CASE(a_full_scan_says_how_many_pages_it_took) {
    for (int i = 0; i < 10; ++i)
        add_site(numbered(i));
    make(4);
    std::size_t pages = 0;
    BOOST_TEST(requests([&] {
                   const auto all = run(hub->pending()).value();
                   BOOST_TEST(all.complete);
                   pages = all.pages;
               }) == 3);
    BOOST_TEST(pages == 3);
    hub->set_page_size(100);
    BOOST_TEST(run(hub->pending()).value().pages ==
               2); // the second is empty, and proves that the first is whole
}

BOOST_AUTO_TEST_CASE(the_newest_come_by_one_request_oldest_first) {
    make(3);
    for (int i = 0; i < 10; ++i)
        add_site(numbered(9 - i))["created_at"] = "2026-01-01T00:00:0" + std::to_string(i) + "+00:00";
    add_site("x")["created_at"] = nullptr;
    add_site("y")["status_dns"] = "pending";
    pending_rows newest;
    BOOST_TEST(requests([&] { newest = run(hub->newest()).value(); }) == 1);
    BOOST_REQUIRE(newest.rows.size() == 3);
    BOOST_TEST(newest.rows[0].id == "id-000002");
    BOOST_TEST(newest.rows[2].id == "id-000000");
    BOOST_TEST(newest.rows[2].created_at == "2026-01-01T00:00:09+00:00");
    BOOST_TEST(newest.pages == 1);
    BOOST_TEST(!newest.complete);
}

BOOST_AUTO_TEST_CASE(without_dates_the_newest_are_the_highest_ids) {
    make(2);
    db.missing_columns["sites"] = {"created_at"};
    for (const char* id : {"b", "d", "a", "c"})
        add_site(id);
    auto newest = run(hub->newest()).value().rows;
    BOOST_REQUIRE(newest.size() == 2);
    BOOST_TEST(newest[0].id == "c");
    BOOST_TEST(newest[1].id == "d");
    BOOST_TEST(requests([&] { run(hub->newest()).value(); }) == 1);
}

BOOST_AUTO_TEST_CASE(the_newest_are_called_complete_only_when_that_is_certain) {
    auto complete = [&] { return run(hub->newest()).value().complete; };
    BOOST_TEST(complete()); // no row at all
    for (int i = 0; i < 3; ++i)
        add_site(numbered(i));
    BOOST_TEST(!complete()); // the server might give three at a time
    run(hub->pending()).value();
    BOOST_TEST(!complete()); // there were three, and still it might
    add_site(numbered(3));
    BOOST_TEST(!complete());
    db.tables["sites"].pop_back();
    BOOST_TEST(complete()); // it gave four
    hub->set_page_size(3);
    BOOST_TEST(!complete()); // a full page
}

// What is asked in between teaches the full scan nothing wrong.
BOOST_AUTO_TEST_CASE(a_full_scan_sees_all_whatever_was_asked_before) {
    for (std::size_t max_rows : {2, 3, 5}) {
        make(200);
        db.max_rows = max_rows;
        db.tables["sites"].clear();
        for (int i = 0; i < 9; ++i) {
            add_site(numbered(i));
            run(hub->newest()).value();
            BOOST_TEST(run(hub->pending()).value().rows.size() == static_cast<std::size_t>(i + 1));
            run(hub->newest()).value();
        }
    }
}

BOOST_AUTO_TEST_CASE(the_oldest_schema_is_noticed_once) {
    db.missing_columns["sites"] = {"server_id", "created_at"};
    db.missing_columns["servers"] = {"name", "is_active", "ssh_port", "ssh_user"};
    add_site("b");
    add_site("a");
    auto rows = run(hub->pending()).value().rows;
    BOOST_REQUIRE(rows.size() == 2);
    BOOST_TEST(rows[0].id == "a");
    BOOST_TEST(rows[0].server_id == "");
    db.tables["sites"].pop_back();
    BOOST_TEST(requests([&] { run(hub->pending()).value(); }) == 1);

    db.tables["servers"].push_back({{"id", "s1"}, {"ip_address", "192.0.2.1"}, {"name", "n"}});
    auto servers = run(hub->servers()).value();
    BOOST_REQUIRE(servers.size() == 1);
    BOOST_TEST(servers[0].active);
    BOOST_TEST(servers[0].port == 22);

    auto read = as_read("a");
    BOOST_TEST(!read.has_server_column);
    BOOST_TEST((run(hub->report(read, active())).value() == delivery::written));
}

BOOST_AUTO_TEST_CASE(a_column_that_vanishes_is_done_without) {
    add_site("a");
    auto read = as_read("a");
    db.missing_columns["sites"] = {"server_id"};
    BOOST_TEST((run(hub->report(read, active())).value() == delivery::written));
}

BOOST_AUTO_TEST_CASE(a_missing_table_or_needed_column_is_the_schemas_fault) {
    db.missing_columns["sites"] = {"domain"};
    BOOST_TEST((run(hub->pending()).error().code == errc::supabase_schema));
    db.tables.erase("servers");
    BOOST_TEST((run(hub->servers()).error().code == errc::supabase_schema));
}

BOOST_AUTO_TEST_CASE(a_row_is_read_whatever_its_state) {
    add_site("a")["status_hosting"] = "active";
    BOOST_TEST(as_read("a").status_hosting.value() == "active");
    BOOST_TEST(!run(hub->read("b")).value());
    BOOST_TEST(!run(hub->read("not-a-uuid")).value());
    db.fates = {fate::unreachable};
    BOOST_TEST((run(hub->read("a")).error().code == errc::supabase_unreachable));
}

BOOST_AUTO_TEST_CASE(private_keys_are_read_one_by_one) {
    db.tables["servers"].push_back({{"id", "s1"}, {"ssh_private_key", "KEY"}});
    db.tables["servers"].push_back({{"id", "s2"}, {"ssh_private_key", nullptr}});
    BOOST_TEST(run(hub->private_key("s1")).value().reveal() == "KEY");
    BOOST_TEST(run(hub->private_key("s2")).value().empty());
    BOOST_TEST((run(hub->private_key("s3")).error().code == errc::server_unknown));
    BOOST_TEST((run(hub->private_key("not-a-uuid")).error().code == errc::server_unknown));
}

BOOST_AUTO_TEST_CASE(credentials_may_be_absent_in_every_way) {
    BOOST_TEST(!run(hub->service_credentials("matomo")).value());
    db.tables["infrastructure_credentials"].push_back(
        {{"id", "c"}, {"service", "matomo"}, {"url", "https://m"}, {"api_token", "t"}, {"is_active", true}});
    BOOST_TEST(run(hub->service_credentials("matomo")).value()->token.reveal() == "t");
    BOOST_TEST(!run(hub->service_credentials("other")).value());
    db.fates = {fate::unavailable};
    BOOST_TEST((run(hub->service_credentials("matomo")).error().code == errc::supabase_unreachable));
}

BOOST_AUTO_TEST_CASE(an_outcome_is_written_once) {
    add_site("a")["error_message"] = "old";
    auto read = as_read("a");
    BOOST_TEST(
        requests([&] { BOOST_TEST((run(hub->report(read, active())).value() == delivery::written)); }) == 1);
    BOOST_TEST(row()["status_hosting"].as_string() == "active");
    BOOST_TEST(row()["hosting_doc_root"].as_string() == "/home/u/htdocs/a.example");
    BOOST_TEST(row()["matomo_site_id"].as_int64() == 7);
    BOOST_TEST(row()["error_message"].is_null());
    // A second time it already stands there.
    BOOST_TEST((run(hub->report(read, active())).value() == delivery::written));
}

BOOST_AUTO_TEST_CASE(a_row_that_the_hub_changed_is_untouched) {
    for (const char* column : {"domain", "server_id", "status_hosting"}) {
        db.tables["sites"].clear();
        add_site("a");
        auto read = as_read("a");
        row()[column] = "other";
        BOOST_TEST((run(hub->report(read, active())).value() == delivery::row_changed));
        BOOST_TEST(row()["hosting_doc_root"].is_null());
    }
    auto read = as_read("a");
    db.tables["sites"].clear();
    db.tables["servers"].push_back({{"id", "s1"}, {"ip_address", "192.0.2.1"}});
    BOOST_TEST((run(hub->report(read, failed())).value() == delivery::row_changed));
}

// A key without rights sees nothing, and its updates change nothing: that is no deleted row.
BOOST_AUTO_TEST_CASE(an_outcome_is_kept_when_the_key_sees_nothing_any_more) {
    add_site("a");
    auto read = as_read("a");
    db.tables["sites"].clear();
    BOOST_TEST((run(hub->report(read, active())).error().code == errc::supabase_refused));
    add_site("a");
    BOOST_TEST((run(hub->report(read, active())).value() == delivery::written));
}

BOOST_AUTO_TEST_CASE(a_lost_answer_is_resolved_by_reading_back) {
    add_site("a");
    auto read = as_read("a");
    db.fates = {fate::lost_after};
    BOOST_TEST(
        requests([&] { BOOST_TEST((run(hub->report(read, active())).value() == delivery::written)); }) == 2);
}

BOOST_AUTO_TEST_CASE(a_lost_request_is_repeated_once) {
    add_site("a");
    auto read = as_read("a");
    db.fates = {fate::lost_before};
    BOOST_TEST(
        requests([&] { BOOST_TEST((run(hub->report(read, failed())).value() == delivery::written)); }) == 3);
    BOOST_TEST(row()["status_hosting"].as_string() == "failed");

    db.tables["sites"].clear();
    add_site("a");
    db.fates = {fate::lost_before, fate::usual, fate::lost_after};
    BOOST_TEST((run(hub->report(read, failed())).value() == delivery::written));

    db.tables["sites"].clear();
    add_site("a");
    db.fates = {fate::lost_before, fate::usual, fate::lost_before};
    auto twice = run(hub->report(read, failed()));
    BOOST_TEST((twice.error().code == errc::supabase_unreachable));
    BOOST_TEST(row()["status_hosting"].as_string() == "pending");
}

// A client that gives up does not stop the update: it is done between our look and our second try.
BOOST_AUTO_TEST_CASE(an_update_that_is_done_late_is_ours) {
    add_site("a");
    auto read = as_read("a");
    db.fates = {fate::late};
    BOOST_TEST((run(hub->report(read, active())).value() == delivery::written));
    BOOST_TEST(row()["status_hosting"].as_string() == "active");
}

BOOST_AUTO_TEST_CASE(when_the_row_cannot_be_read_back_the_call_may_be_repeated) {
    add_site("a");
    auto read = as_read("a");
    db.fates = {fate::lost_after, fate::unreachable};
    BOOST_TEST((run(hub->report(read, failed())).error().code == errc::supabase_unreachable));
    BOOST_TEST((run(hub->report(read, failed())).value() == delivery::written));
}

BOOST_AUTO_TEST_CASE(a_502_is_looked_behind_and_a_503_is_not_believed_done) {
    add_site("a");
    auto read = as_read("a");
    db.fates = {fate::done_but_502};
    BOOST_TEST((run(hub->report(read, active())).value() == delivery::written));

    db.tables["sites"].clear();
    add_site("a");
    db.fates = {fate::unavailable};
    BOOST_TEST(requests([&] {
                   BOOST_TEST((run(hub->report(read, active())).error().code == errc::supabase_unreachable));
               }) == 1);
}

// The update was delivered, and the Hub has set the row to pending again before we could look.
BOOST_AUTO_TEST_CASE(a_pending_beside_our_message_is_a_new_request) {
    add_site("a");
    auto read = as_read("a");
    db.fates = {fate::lost_after};
    db.before_each = [&] {
        if (db.seen.size() > 1 && db.seen.back().method == "GET") row()["status_hosting"] = "pending";
    };
    BOOST_TEST((run(hub->report(read, failed())).value() == delivery::written));
    BOOST_TEST(row()["status_hosting"].as_string() == "pending");
}

// As above, by a Hub that clears the message: our document root shows that we were there.
BOOST_AUTO_TEST_CASE(an_outcome_that_was_asked_anew_is_not_written_over_the_new_request) {
    for (bool did_work : {true, false}) {
        db.tables["sites"].clear();
        add_site("a");
        auto read = as_read("a");
        db.fates = {fate::lost_after};
        db.before_each = [&, asked = db.seen.size()] {
            if (db.seen.size() != asked + 2) return;
            row()["status_hosting"] = "pending";
            row()["error_message"] = nullptr;
        };
        auto what = did_work ? active() : failed();
        what.document_root = "/home/u/htdocs/a.example";
        BOOST_TEST((run(hub->report(read, what)).value() == delivery::written));
        BOOST_TEST(row()["status_hosting"].as_string() == "pending");
    }
}

// The row still shows what it was failed with the last time, and is edited while we fail it again.
BOOST_AUTO_TEST_CASE(an_old_message_of_ours_proves_no_delivery) {
    add_site("a")["error_message"] = "E_CERT: no";
    auto read = as_read("a");
    row()["domain"] = "b.example";
    BOOST_TEST((run(hub->report(read, failed())).value() == delivery::row_changed));
    BOOST_TEST(row()["status_hosting"].as_string() == "pending");
    row()["domain"] = "a.example";
    db.fates = {fate::lost_before};
    BOOST_TEST((run(hub->report(read, failed())).value() == delivery::written));
    BOOST_TEST(row()["status_hosting"].as_string() == "failed");
}

BOOST_AUTO_TEST_CASE(waiting_changes_the_message_alone) {
    add_site("a");
    auto read = as_read("a");
    outcome waits;
    waits.what = outcome::kind::waiting;
    waits.error_message = "WAITING E_PANEL: busy";
    BOOST_TEST((run(hub->report(read, waits)).value() == delivery::written));
    BOOST_TEST(row()["status_hosting"].as_string() == "pending");
    BOOST_TEST(row()["error_message"].as_string() == "WAITING E_PANEL: busy");
    BOOST_TEST((run(hub->report(read, active())).value() == delivery::written));
}

BOOST_AUTO_TEST_SUITE_END()
