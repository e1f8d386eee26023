// Records as JSON objects, with the names of adapters/records; and the columns of answers.
//
// Times cross as milliseconds since 1970 on the database's clock, so that daemons whose clocks differ mean
// the same by them.
#pragma once

#include "adapters/records/columns.hpp"
#include "adapters/records/milliseconds.hpp"
#include "adapters/records/names.hpp"
#include "core/message_text.hpp"
#include "core/moment.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace hosting::shared_queue {

namespace json = boost::json;

// How far the database's clock is ahead of ours. What cannot be said in the other's time is as near as can
// be.
struct clock_difference {
    std::chrono::milliseconds ahead{};

    // Theirs shows `theirs`, and ours `ours`.
    [[nodiscard]] static clock_difference between(std::int64_t theirs, wall_time ours) noexcept;

    [[nodiscard]] std::int64_t theirs(wall_time ours) const noexcept;
    [[nodiscard]] wall_time ours(std::int64_t theirs) const noexcept;
};

template<class T, class Convert = std::identity>
[[nodiscard]] json::value or_null(const std::optional<T>& value, const Convert& convert = {}) {
    return value ? json::value(convert(*value)) : json::value();
}

class writing_row {
public:
    writing_row(json::object& to, clock_difference clocks)
        : to_(to)
        , clocks_(clocks) {}

    void operator()(const char* name, const std::string& value) { to_[name] = utf8_text(value); }
    void operator()(const char* name, wall_time value) { to_[name] = clocks_.theirs(value); }
    template<std::integral T>
    void operator()(const char* name, T value) {
        to_[name] = value;
    }
    template<class T>
        requires std::is_enum_v<T>
    void operator()(const char* name, T value) {
        to_[name] = records::name_of(value);
    }
    template<class T>
    void operator()(const char* name, const std::optional<T>& value) {
        if (value) (*this)(name, *value);
    }

private:
    json::object& to_;
    clock_difference clocks_;
};

// What is missing, or of another kind, stays as it is.
class reading_row {
public:
    reading_row(const json::object& from, clock_difference clocks)
        : from_(from)
        , clocks_(clocks) {}

    void operator()(const char* name, std::string& value) const;
    void operator()(const char* name, wall_time& value) const;
    template<std::integral T>
    void operator()(const char* name, T& value) const {
        const json::value* found = from_.if_contains(name);
        if (!found) return;
        if constexpr (std::same_as<T, bool>) {
            if (found->is_bool()) value = found->get_bool();
        } else if (const auto number = whole_number(*found)) {
            if (std::in_range<T>(*number)) value = static_cast<T>(*number);
        }
    }
    template<class T>
        requires std::is_enum_v<T>
    void operator()(const char* name, T& value) const {
        std::string text;
        (*this)(name, text);
        if (const auto known = records::named<T>(text); known && !text.empty()) value = *known;
    }
    template<class T>
        requires std::is_enum_v<T>
    void operator()(const char* name, std::optional<T>& value) const {
        std::string text;
        (*this)(name, text);
        value = text.empty() ? std::nullopt : records::named<T>(text);
    }
    template<class T>
    void operator()(const char* name, std::optional<T>& value) const {
        value.reset();
        const json::value* found = from_.if_contains(name);
        if (found && !found->is_null()) (*this)(name, value.emplace());
    }

private:
    [[nodiscard]] static std::optional<std::int64_t> whole_number(const json::value&);

    const json::object& from_;
    clock_difference clocks_;
};

template<class Record>
[[nodiscard]] json::object to_json(Record what, clock_difference clocks) {
    json::object out;
    writing_row row(out, clocks);
    records::columns(row, what);
    return out;
}

template<class Record>
[[nodiscard]] Record from_json(const json::object& what, clock_difference clocks) {
    Record out;
    reading_row row(what, clocks);
    records::columns(row, out);
    return out;
}

} // namespace hosting::shared_queue
