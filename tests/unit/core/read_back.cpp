#include "core/read_back.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting;

namespace {

const std::string root = "/home/user_acom/htdocs/a.com";

site pending(std::optional<std::string> message = std::nullopt) {
    site s;
    s.id = "1";
    s.domain = "a.com";
    s.server_id = "s1";
    s.status_dns = "active";
    s.status_hosting = "pending";
    s.error_message = std::move(message);
    return s;
}

outcome active() { return {outcome::kind::active, root, 7, {}}; }
outcome failed(std::optional<std::string> where = std::nullopt) {
    return {outcome::kind::failed, std::move(where), std::nullopt, "E_CERT: no"};
}
outcome waiting() { return {outcome::kind::waiting, std::nullopt, std::nullopt, "WAITING E_PANEL: busy"}; }

// The row as our update leaves it.
site with(site row, const outcome& what) {
    if (what.document_root) row.document_root = what.document_root;
    if (what.what == outcome::kind::active) {
        row.status_hosting = "active";
        row.error_message.reset();
        if (what.matomo_site_id) row.matomo_site_id = what.matomo_site_id;
        return row;
    }
    if (what.what == outcome::kind::failed) row.status_hosting = "failed";
    row.error_message = what.error_message;
    return row;
}

bool is(read_back expected, const site& now, const site& as_read, const outcome& what) {
    return compare(now, as_read, what) == expected;
}

} // namespace

BOOST_AUTO_TEST_SUITE(read_backs)

BOOST_AUTO_TEST_CASE(what_stands_there_is_ours_and_what_does_not_is_as_read) {
    for (const auto& before : {pending(), pending("E_CERT: no"), pending("WAITING E_PANEL: busy")})
        for (const auto& what : {active(), failed(), failed(root)}) {
            BOOST_TEST(is(read_back::ours, with(before, what), before, what));
            BOOST_TEST(is(read_back::as_read, before, before, what));
        }
    BOOST_TEST(is(read_back::ours, with(pending(), waiting()), pending(), waiting()));
    BOOST_TEST(is(read_back::as_read, pending(), pending(), waiting()));
}

BOOST_AUTO_TEST_CASE(what_somebody_else_made_of_the_row_is_theirs) {
    for (const auto& what : {active(), failed(), failed(root), waiting()}) {
        site now = pending();
        now.status_hosting = "cancelled";
        BOOST_TEST(is(read_back::changed, now, pending(), what));
        now = pending();
        now.status_hosting.reset();
        BOOST_TEST(is(read_back::changed, now, pending(), what));
        now = pending();
        now.domain = "b.com";
        BOOST_TEST(is(read_back::changed, now, pending(), what));
        now = pending();
        now.server_id = "s2";
        BOOST_TEST(is(read_back::changed, now, pending(), what));
        // With a message of its own, or without the one that was there.
        BOOST_TEST(is(read_back::changed, pending("dns: ok"), pending(), what));
        BOOST_TEST(is(read_back::changed, pending(), pending("E_OLD: x"), what));
    }
}

BOOST_AUTO_TEST_CASE(pending_again_behind_our_values_is_a_new_request) {
    for (const auto& message : {std::optional<std::string>(), std::optional<std::string>("E_CERT: no")}) {
        site now = with(pending(), failed());
        now.status_hosting = "pending";
        now.error_message = message;
        // A Hub that clears the message leaves no trace of ours where the site had no document root yet.
        BOOST_TEST(is(message ? read_back::ours : read_back::as_read, now, pending(), failed()));
        now.document_root = root;
        BOOST_TEST(is(read_back::ours, now, pending(), failed(root)));
    }
    site now = with(pending(), active());
    now.status_hosting = "pending";
    BOOST_TEST(is(read_back::ours, now, pending(), active()));
    now.domain = "b.com";
    BOOST_TEST(is(read_back::ours, now, pending(), active()));
}

// Our last failure is what the Hub asked to try again: its message and root prove nothing about this one.
BOOST_AUTO_TEST_CASE(what_was_there_before_is_no_proof) {
    site before = pending("E_CERT: no");
    before.document_root = root;
    BOOST_TEST(is(read_back::as_read, before, before, failed(root)));
    site edited = before;
    edited.domain = "b.com";
    BOOST_TEST(is(read_back::changed, edited, before, failed(root)));
    edited.status_hosting = "failed";
    BOOST_TEST(is(read_back::changed, edited, before, failed(root)));
    // A new id is proof again.
    site again = before;
    again.matomo_site_id = 7;
    BOOST_TEST(is(read_back::ours, again, before, active()));
}

BOOST_AUTO_TEST_CASE(an_active_row_with_a_message_is_ours_only_if_our_values_came_with_it) {
    site now = pending("dns: slow");
    now.status_hosting = "active";
    BOOST_TEST(is(read_back::changed, now, pending("dns: slow"), active())); // set by hand
    now = with(pending(), active());
    now.error_message = "dns: slow"; // written by somebody since
    BOOST_TEST(is(read_back::ours, now, pending(), active()));
    now.error_message = "";
    BOOST_TEST(is(read_back::ours, now, now, active()));
}

BOOST_AUTO_TEST_CASE(a_row_read_as_active_is_told_apart_too) {
    site before = with(pending(), active());
    before.matomo_site_id.reset();
    BOOST_TEST(is(read_back::as_read, before, before, active()));
    BOOST_TEST(is(read_back::ours, with(before, active()), before, active()));
    outcome without_id = active();
    without_id.matomo_site_id.reset();
    BOOST_TEST(is(read_back::ours, before, before, without_id));
}

BOOST_AUTO_TEST_CASE(a_column_that_is_missing_now_says_nothing) {
    site now = pending();
    now.has_server_column = false;
    now.server_id.reset();
    BOOST_TEST(is(read_back::as_read, now, pending(), active()));
}

BOOST_AUTO_TEST_SUITE_END()
