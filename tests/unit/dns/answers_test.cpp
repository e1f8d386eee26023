#include "adapters/dns/answers.hpp"

#include <ares.h>
#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace hosting::dns;
using kind = family_answer::kind;

namespace {

family_answer said(kind what, const char* address = nullptr) {
    family_answer out;
    out.what = what;
    if (address) out.addresses.push_back(boost::asio::ip::make_address(address));
    if (what == kind::no_answer) out.why = "SERVFAIL";
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(dns_answers)

BOOST_AUTO_TEST_CASE(no_name_no_address_and_no_answer_differ) {
    BOOST_TEST((kind_of(ARES_SUCCESS) == kind::found));
    BOOST_TEST((kind_of(ARES_ENODATA) == kind::no_addresses));
    BOOST_TEST((kind_of(ARES_ENOTFOUND) == kind::no_such_name));
    BOOST_TEST((kind_of(ARES_EBADNAME) == kind::no_such_name));
    for (int status : {ARES_ESERVFAIL, ARES_EREFUSED, ARES_ETIMEOUT, ARES_ECONNREFUSED, ARES_EBADRESP,
                       ARES_EFORMERR, ARES_ECANCELLED, ARES_EDESTRUCTION, ARES_ENOMEM, ARES_EFILE, 999})
        BOOST_TEST((kind_of(status) == kind::no_answer));
}

BOOST_AUTO_TEST_CASE(two_families_make_one_resolution) {
    using end = resolution::kind;
    struct row {
        kind v6;
        kind v4;
        end what;
        bool settled;
    };
    for (const row& each : {
             row{kind::found, kind::found, end::found, true},
             row{kind::found, kind::pending, end::found, false},
             row{kind::no_addresses, kind::found, end::found, true},
             row{kind::no_answer, kind::found, end::found, true},
             row{kind::pending, kind::no_such_name, end::no_such_name, true},
             row{kind::no_such_name, kind::no_answer, end::no_such_name, true},
             row{kind::no_addresses, kind::no_addresses, end::no_such_name, true},
             row{kind::no_addresses, kind::pending, end::no_answer, false},
             row{kind::no_addresses, kind::no_answer, end::no_answer, true},
             row{kind::no_answer, kind::no_answer, end::no_answer, true},
             row{kind::pending, kind::pending, end::no_answer, false},
         }) {
        auto v6 = said(each.v6, each.v6 == kind::found ? "2001:db8::1" : nullptr);
        auto v4 = said(each.v4, each.v4 == kind::found ? "192.0.2.1" : nullptr);
        BOOST_TEST(settled(v6, v4) == each.settled);
        auto got = combine("a.example", v6, v4);
        BOOST_TEST((got.what == each.what));
        BOOST_TEST(got.addresses.empty() == (each.what != end::found));
        BOOST_TEST(got.detail.find("a.example") != got.detail.npos);
    }
    auto both = combine("a", said(kind::found, "2001:db8::1"), said(kind::found, "192.0.2.1"));
    BOOST_TEST(both.addresses.front().is_v6());
    BOOST_TEST(combine("a", said(kind::no_answer), said(kind::pending)).detail ==
               "DNS gave no answer about the name a: SERVFAIL");
    BOOST_TEST(combine("a", said(kind::pending), said(kind::pending)).detail ==
               "DNS gave no answer about the name a: no answer in time");
}

BOOST_AUTO_TEST_SUITE_END()
