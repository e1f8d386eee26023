#include "tests/unit/store/store_fixture.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>

namespace hosting::test {

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const std::filesystem::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
}

void store_fixture::start(store_timing timing) {
    store = make_store(loop.get_executor(), state_dir, journal, timing);
}

void store_fixture::restart() {
    store.reset();
    start();
}

memories store_fixture::loaded() {
    auto all = wait_for(store->load());
    BOOST_REQUIRE(all.has_value());
    sort_by_key(*all);
    return *all;
}

bool store_fixture::keep_order(order_record what) {
    const auto kept = wait_for(store->keep_order(std::move(what)));
    BOOST_TEST((kept || kept.error().code == errc::memory_unusable));
    return kept.has_value();
}

std::size_t store_fixture::lines_with(std::string_view part) const {
    const auto lines = journal.lines();
    return static_cast<std::size_t>(
        std::ranges::count_if(lines, [&](const std::string& l) { return l.find(part) != l.npos; }));
}

} // namespace hosting::test
