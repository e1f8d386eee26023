// What may be written into a row, and when.
#pragma once

#include "core/model.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace simulation {

class world;
struct story;

class row_rules {
public:
    explicit row_rules(world& w)
        : world_(w) {}

    void written(const hosting::site& as_read, const hosting::site& before, const hosting::site& after,
                 const hosting::outcome& what);

private:
    void active(const hosting::site& row, const hosting::outcome& what);
    void failed(const hosting::site& row, const hosting::outcome& what);
    [[nodiscard]] bool deserves(const hosting::site& row, const story& s, std::string_view code) const;
    [[nodiscard]] bool failed_often_enough(const story& s) const;
    [[nodiscard]] bool waited_long_enough(const story& s) const;
    [[nodiscard]] bool refused_long_enough(const hosting::site& row, const story& s) const;
    [[nodiscard]] std::chrono::milliseconds held_for(const hosting::site& row) const;
    void breaks(std::string_view rule, const hosting::site& row, std::string_view why);

    world& world_;
};

} // namespace simulation
