#include "adapters/store/schema.hpp"
#include "tests/unit/ssh/temporary_folder.hpp"

#include <array>
#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace hosting::store;

namespace {

constexpr const char* first_step = "CREATE TABLE t (a INTEGER) STRICT; INSERT INTO t VALUES (1)";
constexpr const char* second_step = "ALTER TABLE t ADD COLUMN b TEXT NOT NULL DEFAULT 'new'";
constexpr std::array version_1{first_step};
constexpr std::array version_2{first_step, second_step};
constexpr std::array broken_version_2{first_step, "INSERT INTO t VALUES (2); INSERT INTO nowhere VALUES (1)"};

struct schema_fixture {
    test::temporary_folder folder;
    sqlite::connection file{folder.path() / "f.db", sqlite::access::create};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(store_schema, schema_fixture)

BOOST_AUTO_TEST_CASE(a_new_file_takes_all_steps) {
    BOOST_TEST(!is_newer(file, version_2));
    migrate(file, version_2);
    BOOST_TEST(file.number("PRAGMA user_version") == 2);
    BOOST_TEST(file.text("SELECT b FROM t") == "new");
}

BOOST_AUTO_TEST_CASE(an_older_file_keeps_its_content_and_takes_the_steps_that_it_lacks) {
    migrate(file, version_1);
    file.execute("UPDATE t SET a = 7");
    BOOST_TEST(!is_newer(file, version_2));
    migrate(file, version_2);
    BOOST_TEST(file.number("PRAGMA user_version") == 2);
    BOOST_TEST(file.text("SELECT a || b FROM t") == "7new");
    migrate(file, version_2);
    BOOST_TEST(file.number("SELECT count(*) FROM t") == 1);
}

BOOST_AUTO_TEST_CASE(a_newer_file_is_known_as_such) {
    migrate(file, version_2);
    BOOST_TEST(is_newer(file, version_1));
}

BOOST_AUTO_TEST_CASE(a_step_that_fails_leaves_the_version_before_it) {
    migrate(file, version_1);
    BOOST_CHECK_THROW(migrate(file, broken_version_2), sqlite::error);
    BOOST_TEST(file.number("PRAGMA user_version") == 1);
    BOOST_TEST(file.number("SELECT count(*) FROM t") == 1);
    migrate(file, version_2);
    BOOST_TEST(file.number("PRAGMA user_version") == 2);
}

BOOST_AUTO_TEST_SUITE_END()
