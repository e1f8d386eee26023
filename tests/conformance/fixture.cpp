#include "tests/conformance/fixture.hpp"

#include "adapters/records/columns.hpp"
#include "adapters/records/names.hpp"

#include <algorithm>
#include <random>

namespace hosting::test {
namespace {

constexpr unsigned threads = 4;
constexpr auto time_difference = std::chrono::seconds(2);

// The fields of a record as text, and its times.
class listing_row {
public:
    void operator()(const char* name, const std::string& value) { add(name, value); }
    void operator()(const char* name, wall_time value) {
        add(name, "a time");
        times_.push_back(value);
    }
    template<std::integral T>
    void operator()(const char* name, T value) {
        add(name, std::to_string(value));
    }
    template<class T>
        requires std::is_enum_v<T>
    void operator()(const char* name, T value) {
        add(name, std::string(records::name_of(value)));
    }
    template<class T>
    void operator()(const char* name, const std::optional<T>& value) {
        if (value)
            (*this)(name, *value);
        else
            add(name, "none");
    }

    [[nodiscard]] bool is_like(const listing_row& other) const {
        return fields_ == other.fields_ && std::ranges::equal(times_, other.times_, [](auto a, auto b) {
                   return a == b || (a < b ? a + time_difference >= b : b + time_difference >= a);
               });
    }

private:
    void add(const char* name, const std::string& value) { fields_.emplace_back(name, value); }

    std::vector<std::pair<std::string, std::string>> fields_;
    std::vector<wall_time> times_;
};

template<class Record>
bool are_alike(Record a, Record b) {
    listing_row one, other;
    records::columns(one, a);
    records::columns(other, b);
    return one.is_like(other);
}

} // namespace

running_loop::running_loop()
    : work_(boost::asio::make_work_guard(loop_)) {
    for (unsigned i = 0; i < threads; ++i)
        threads_.emplace_back([this] { loop_.run(); });
}

running_loop::~running_loop() {
    work_.reset();
    loop_.stop();
    for (auto& thread : threads_)
        thread.join();
}

std::string new_key(std::string_view prefix) {
    static std::random_device dice;
    static unsigned number = 0;
    return std::string(prefix) + '-' + std::to_string(dice()) + '-' + std::to_string(++number);
}

memories conformance_fixture::mine() const {
    memories all = of->loaded();
    const auto is_other = [&](const auto& record) { return !record.place.starts_with(prefix); };
    std::erase_if(all.orders, is_other);
    std::erase_if(all.servers, is_other);
    std::erase_if(all.incidents, is_other);
    sort_by_key(all);
    return all;
}

bool alike(const site_record& a, const site_record& b) { return are_alike(a, b); }
bool alike(const order_record& a, const order_record& b) { return are_alike(a, b); }
bool alike(const server_facts& a, const server_facts& b) { return are_alike(a, b); }
bool alike(const incident_record& a, const incident_record& b) { return are_alike(a, b); }

} // namespace hosting::test
