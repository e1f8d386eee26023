// Records for the tests: small ones, and random ones that use every field.
#pragma once

#include "core/records.hpp"

#include <random>
#include <string>

namespace hosting::test {

[[nodiscard]] wall_time now_ms(); // as the file can keep it

[[nodiscard]] site_record site_of(std::string id, unsigned snoozes = 0);
[[nodiscard]] order_record order_of(std::uint64_t id, order_end end = order_end::unknown);
[[nodiscard]] server_facts facts_of(std::string place);
[[nodiscard]] incident_record incident_of(std::string place, unsigned probes = 0);

// Each field is something else each time, optional ones are there half of the time, and texts hold whatever
// bytes there are, or whatever characters but NUL in UTF-8. Orders are not older than eight days.
class random_records {
public:
    enum class texts { bytes, characters };
    explicit random_records(unsigned seed, texts of = texts::bytes)
        : dice_(seed)
        , texts_(of) {}
    [[nodiscard]] hosting::site row();
    [[nodiscard]] site_record site(std::string id);
    [[nodiscard]] order_record order(std::uint64_t id);
    [[nodiscard]] server_facts facts(std::string place);
    [[nodiscard]] incident_record incident(std::string place);

private:
    template<class T>
    std::optional<T> perhaps(T value);
    std::uint64_t below(std::uint64_t limit);
    std::string text();
    std::string character();
    wall_time time();
    failure cause();
    template<class Enum>
    Enum any(std::size_t count);

    std::mt19937_64 dice_;
    texts texts_;
};

void sort_by_key(memories&);

} // namespace hosting::test
