#include "core/site_user.hpp"

#include <boost/test/unit_test.hpp>

using hosting::site_users_for;

BOOST_AUTO_TEST_SUITE(site_user)

BOOST_AUTO_TEST_CASE(short_domains_lose_their_dots_and_keep_their_hyphens) {
    BOOST_TEST(site_users_for("user_", "example.com").preferred == "user_examplecom");
    BOOST_TEST(site_users_for("user_", "my-shop.com").preferred == "user_my-shopcom");
}

BOOST_AUTO_TEST_CASE(a_name_of_exactly_32_characters_fits) {
    const std::string domain = std::string(24, 'a') + ".com"; // 5 + 27 = 32
    BOOST_TEST(site_users_for("user_", domain).preferred == "user_" + std::string(24, 'a') + "com");
    BOOST_TEST(site_users_for("user_", "a" + domain).preferred ==
               site_users_for("user_", "a" + domain).hashed);
}

// The digits are those of `printf %s DOMAIN | sha256sum`.
BOOST_AUTO_TEST_CASE(long_domains_get_a_hash) {
    const auto users = site_users_for("user_", "a-very-long-domain-name-for-a-shop.example.com");
    BOOST_TEST(users.preferred == users.hashed);
    BOOST_TEST(users.hashed.size() == 32U);
    BOOST_TEST(users.hashed.substr(0, 24) == "user_a-very-long-domain_");
}

BOOST_AUTO_TEST_CASE(hashes_are_the_domains_sha256) {
    // printf %s foo.com | sha256sum
    BOOST_TEST(site_users_for("user_", "foo.com").hashed == "user_foocom_f29b6dda");
}

BOOST_AUTO_TEST_CASE(names_that_collide_without_dots_differ_in_their_hash) {
    const auto a = site_users_for("user_", "foo.com");
    const auto b = site_users_for("user_", "fooc.om");
    BOOST_TEST(a.preferred == b.preferred);
    BOOST_TEST(a.hashed != b.hashed);
}

BOOST_AUTO_TEST_CASE(long_names_with_the_same_beginning_differ) {
    const auto a = site_users_for("user_", "a-very-long-domain-name-for-shop-one.com");
    const auto b = site_users_for("user_", "a-very-long-domain-name-for-shop-two.com");
    BOOST_TEST(a.preferred != b.preferred);
    BOOST_TEST(a.preferred.size() == 32U);
}

BOOST_AUTO_TEST_CASE(any_prefix_leaves_the_limit_alone) {
    const auto users = site_users_for(std::string(16, 'p'), "a-very-long-domain-name.example.com");
    BOOST_TEST(users.hashed.size() == 32U);
    BOOST_TEST(users.hashed.substr(0, 16) == std::string(16, 'p'));
}

BOOST_AUTO_TEST_CASE(system_users_own_no_sites) {
    for (const auto* name : {"", "root", "clp", "www-data", "nobody", "mysql", "systemd-network"})
        BOOST_TEST(!hosting::may_own_sites(name));
    for (const auto* name : {"user_examplecom", "john", "clpx"})
        BOOST_TEST(hosting::may_own_sites(name));
}

BOOST_AUTO_TEST_SUITE_END()
