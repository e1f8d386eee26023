#include "daemon/logging.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

// What is written to stderr while it lives.
class captured_stderr {
public:
    captured_stderr() {
        std::fflush(stderr);
        ::dup2(::fileno(file_), STDERR_FILENO);
    }
    ~captured_stderr() {
        give_back();
        ::close(real_);
        std::fclose(file_);
    }
    captured_stderr(const captured_stderr&) = delete;
    captured_stderr& operator=(const captured_stderr&) = delete;

    // Ends it.
    std::string text() {
        give_back();
        std::string out(static_cast<std::size_t>(::lseek(::fileno(file_), 0, SEEK_END)), '\0');
        BOOST_REQUIRE(::pread(::fileno(file_), out.data(), out.size(), 0) == std::ssize(out));
        return out;
    }

private:
    void give_back() const {
        std::fflush(stderr);
        ::dup2(real_, STDERR_FILENO);
    }

    std::FILE* file_ = std::tmpfile();
    int real_ = ::dup(STDERR_FILENO);
};

} // namespace

BOOST_AUTO_TEST_SUITE(logging)

BOOST_AUTO_TEST_CASE(fields_follow_the_message) {
    const std::vector<hosting::log_field> fields{
        {"SITE_ID", "1"}, {"DOMAIN", "a b"}, {"SERVER", ""}, {"NOTE", "say \"x\\y\"=1"}};
    BOOST_TEST(hosting::log_text("active", fields) ==
               "active SITE_ID=1 DOMAIN=\"a b\" NOTE=\"say \\\"x\\\\y\\\"=1\"");
}

BOOST_AUTO_TEST_CASE(a_line_stays_one_line) {
    const std::vector<hosting::log_field> fields{{"DOMAIN", "a\nb\x1b[31m"}};
    BOOST_TEST(hosting::log_text("x\r\ny", fields) == "x??y DOMAIN=a?b?[31m");
}

BOOST_AUTO_TEST_CASE(the_level_can_be_changed) {
    captured_stderr out;
    const auto journal = hosting::make_log(hosting::log_level::info, "stderr");
    const auto say_all = [&](std::string_view what) {
        journal->write(hosting::log_level::debug, what, {});
        journal->write(hosting::log_level::info, what, {});
        journal->write(hosting::log_level::error, what, {});
    };
    say_all("one");
    journal->set_level(hosting::log_level::debug);
    BOOST_TEST(journal->enabled(hosting::log_level::debug));
    say_all("two");
    journal->set_level(hosting::log_level::error);
    BOOST_TEST(!journal->enabled(hosting::log_level::warning));
    say_all("three");
    BOOST_TEST(out.text() == "<6>one\n<3>one\n<7>two\n<6>two\n<3>two\n<3>three\n");
}

BOOST_AUTO_TEST_CASE(the_level_may_be_changed_while_others_write) {
    captured_stderr out;
    const auto journal = hosting::make_log(hosting::log_level::error, "stderr");
    std::jthread writer([&] {
        for (int i = 0; i < 200; ++i)
            journal->write(hosting::log_level::info, "x", {});
    });
    for (int i = 0; i < 200; ++i)
        journal->set_level(i % 2 == 0 ? hosting::log_level::debug : hosting::log_level::error);
    writer.join();
    journal->set_level(hosting::log_level::info);
    journal->write(hosting::log_level::info, "last", {});
    BOOST_TEST(out.text().ends_with("<6>last\n"));
}

BOOST_AUTO_TEST_SUITE_END()
