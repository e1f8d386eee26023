#include "client_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>

using failure_kind = hosting::http::transport_failure::kind;

namespace {

void answer_all(peer& with) {
    while (!with.read_request().empty())
        with.write(answer("[]"));
}

struct tls_fixture : client_fixture {
    test_ca ca{"test CA"};
    temporary_file ca_file{ca.pem()};

    tls_fixture() { trust(ca_file); }

    void trust(const temporary_file& file) {
        hosting::http::settings with;
        with.ca_file = file.path();
        configure(with);
    }

    std::string refusal(const tiny_server& server, const std::string& host = "localhost") {
        auto got = send(request_to(server, "GET", "https", host));
        BOOST_REQUIRE(!got);
        BOOST_TEST((got.error().what == failure_kind::certificate));
        return got.error().detail;
    }
};

bool says(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

} // namespace

BOOST_FIXTURE_TEST_SUITE(http_tls, tls_fixture)

BOOST_AUTO_TEST_CASE(the_right_certificate_is_accepted_and_its_connection_reused) {
    tiny_server server(answer_all, ca.issue("DNS:localhost"));
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(send(request_to(server, "GET", "https")).has_value());
    BOOST_TEST(server.connections() == 1);
}

BOOST_AUTO_TEST_CASE(an_unknown_ca_is_refused) {
    test_ca other("another CA");
    tiny_server server(answer_all, other.issue("DNS:localhost"));
    BOOST_TEST(says(refusal(server), "unable to get local issuer certificate"));
}

BOOST_AUTO_TEST_CASE(a_self_signed_certificate_is_refused) {
    tiny_server server(answer_all, test_ca("test CA").issue("DNS:localhost"));
    BOOST_TEST(says(refusal(server), "certificate"));
}

BOOST_AUTO_TEST_CASE(a_certificate_of_another_host_is_refused) {
    tiny_server server(answer_all, ca.issue("DNS:elsewhere.example"));
    BOOST_TEST(says(refusal(server), "hostname mismatch"));
}

BOOST_AUTO_TEST_CASE(an_expired_certificate_is_refused) {
    tiny_server server(answer_all, ca.issue("DNS:localhost", -60));
    BOOST_TEST(says(refusal(server), "expired"));
}

BOOST_AUTO_TEST_CASE(an_address_is_verified_as_an_address) {
    tiny_server named(answer_all, ca.issue("DNS:localhost"));
    BOOST_TEST(says(refusal(named, "127.0.0.1"), "IP address mismatch"));
    tiny_server addressed(answer_all, ca.issue("IP:127.0.0.1"));
    BOOST_TEST(send(request_to(addressed, "GET", "https", "127.0.0.1")).has_value());
}

BOOST_AUTO_TEST_CASE(a_given_ca_file_replaces_the_default_store) {
    ::setenv("SSL_CERT_FILE", ca_file.path().c_str(), 1);
    temporary_file other(test_ca("another CA").pem());
    tiny_server server(answer_all, ca.issue("DNS:localhost"));
    trust(other);
    BOOST_TEST(says(refusal(server), "certificate"));
    configure({});
    BOOST_TEST(send(request_to(server, "GET", "https")).has_value());
    ::unsetenv("SSL_CERT_FILE");
}

BOOST_AUTO_TEST_CASE(a_kept_connection_that_was_closed_is_replaced) {
    auto once = [](peer& p) {
        p.read_request();
        p.write(answer("[]"));
    };
    tiny_server server(once, ca.issue("DNS:localhost"));
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(send(request_to(server, "PATCH", "https")).has_value());
        server.wait_until_all_closed();
    }
    BOOST_TEST(server.connections() == 3);
}

BOOST_AUTO_TEST_CASE(plain_http_where_tls_is_expected_is_no_certificate_failure) {
    tiny_server server([](peer& p) { p.write("HTTP/1.1 400 Bad Request\r\n\r\n"); });
    auto got = send(request_to(server, "GET", "https"));
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().what == failure_kind::unreachable));
}

BOOST_AUTO_TEST_CASE(a_large_answer_comes_whole) {
    std::string large(3'000'000, 'x');
    tiny_server server(
        [&](peer& p) {
            p.read_request();
            p.write(answer(large));
            p.wait_for_close();
        },
        ca.issue("DNS:localhost"));
    BOOST_TEST((send(request_to(server, "GET", "https")).value().body == large));
}

BOOST_AUTO_TEST_CASE(a_ca_file_that_cannot_be_read_is_named) {
    for (const char* file : {"/nonexistent/ca.pem", "/dev/null"}) {
        hosting::http::settings with;
        with.ca_file = file;
        auto made = hosting::http::make_client(loop.get_executor(), with, names);
        BOOST_REQUIRE(!made);
        BOOST_TEST((made.error().code == hosting::errc::internal));
        BOOST_TEST(says(made.error().detail, file));
    }
}

BOOST_AUTO_TEST_SUITE_END()
