#include "adapters/shared_queue/book.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace hosting::shared_queue;
using namespace std::chrono_literals;

namespace {

struct book_fixture {
    const steady_time start{1h};
    book rows{60s};

    book_fixture() { rows.belongs_to("queue"); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(shared_queue_book, book_fixture)

BOOST_AUTO_TEST_CASE(a_row_is_held_until_a_tenth_before_the_end_of_its_lease) {
    BOOST_TEST(rows.empty());
    rows.renewed({{"a", 7}}, start);
    BOOST_TEST(!rows.held("a", start)); // it was not ours
    rows.add("a", 7, start + 1s);
    BOOST_TEST(!rows.empty());
    BOOST_TEST((rows.held("a", start + 53s) == fence{"queue", 7}));
    BOOST_TEST(!rows.held("a", start + 54s));
    BOOST_TEST(!rows.held("b", start));
    BOOST_TEST(rows.token("a").value() == 7U); // whether it still is, the database knows
}

BOOST_AUTO_TEST_CASE(a_lease_counts_from_when_it_was_asked_for) {
    rows.add("a", 7, start);
    BOOST_TEST(!rows.held("a", start));
    BOOST_TEST(rows.renewed({{"a", 7}}, start + 10s).empty());
    BOOST_TEST(rows.held("a", start + 63s).has_value());
    // an answer that was long under way does not shorten it
    BOOST_TEST(rows.renewed({{"a", 7}}, start + 5s).empty());
    BOOST_TEST(rows.held("a", start + 63s).has_value());
    BOOST_TEST(!rows.held("a", start + 64s));
}

BOOST_AUTO_TEST_CASE(what_the_database_does_not_hold_for_us_is_lost) {
    for (const char* id : {"a", "b", "c"})
        rows.add(id, 7, start);
    const auto lost = rows.renewed({{"a", 7}, {"b", 8}, {"d", 9}}, start + 1s);
    BOOST_TEST((lost == std::vector<std::string>{"b", "c"})); // of b somebody, or a later life of ours
    BOOST_TEST((rows.all() == tokens{{"a", 7}}));
    BOOST_TEST(rows.renewed({{"a", 7}}, start + 2s).empty()); // told once
}

BOOST_AUTO_TEST_CASE(a_row_that_came_while_it_was_asked_is_not_lost) {
    rows.add("early", 7, start);
    rows.add("late", 8, start + 3s);
    BOOST_TEST((rows.renewed({}, start + 1s) == std::vector<std::string>{"early"}));
    BOOST_TEST(rows.held("late", start + 3s).has_value());
}

BOOST_AUTO_TEST_CASE(a_row_can_be_taken_out_once) {
    rows.add("a", 7, start);
    BOOST_TEST(rows.remove("a").value() == 7U);
    BOOST_TEST(!rows.remove("a"));
    BOOST_TEST(!rows.token("a"));
    BOOST_TEST(rows.renewed({}, start + 1s).empty());
}

BOOST_AUTO_TEST_CASE(everything_can_be_lost) {
    rows.add("a", 7, start);
    rows.add("b", 8, start);
    BOOST_TEST((rows.lose_all() == std::vector<std::string>{"a", "b"}));
    BOOST_TEST(rows.empty());
    BOOST_TEST(rows.lose_all().empty());
}

BOOST_AUTO_TEST_SUITE_END()
