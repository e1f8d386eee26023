// What `columns(row, record)` is called with: to name a record's columns, to bind them, to read them.
#pragma once

#include "adapters/records/milliseconds.hpp"
#include "adapters/records/names.hpp"
#include "adapters/store/sqlite.hpp"
#include "core/moment.hpp"

#include <concepts>
#include <limits>
#include <optional>
#include <string>

namespace hosting::store {

template<class T>
concept enumeration = std::is_enum_v<T>;
template<class T>
concept number = std::integral<T>;

using records::from_ms;
using records::name_of;
using records::named;
using records::to_ms;

// A number that somebody wrote into the file, within what T can say.
template<number T>
[[nodiscard]] T within(std::int64_t n) noexcept {
    if constexpr (std::same_as<T, std::uint64_t> || std::same_as<T, std::int64_t>)
        return static_cast<T>(n); // all of uint64_t has its place in SQLite's numbers
    else if constexpr (std::same_as<T, bool>)
        return n != 0;
    else
        return n < 0                                             ? T(0)
               : n > std::int64_t{std::numeric_limits<T>::max()} ? std::numeric_limits<T>::max()
                                                                 : static_cast<T>(n);
}

class naming_row {
public:
    template<class T>
    void operator()(const char* name, const T&) {
        names_ += (names_.empty() ? "" : ", ") + std::string(name);
        marks_ += marks_.empty() ? "?" : ", ?";
    }
    [[nodiscard]] const std::string& names() const noexcept { return names_; }
    [[nodiscard]] const std::string& marks() const noexcept { return marks_; }

private:
    std::string names_;
    std::string marks_;
};

class binding_row {
public:
    explicit binding_row(sqlite::statement& to)
        : to_(to) {}

    void operator()(const char*, const std::string& value) { to_.bind(++last_, value); }
    void operator()(const char*, wall_time value) { to_.bind(++last_, to_ms(value)); }
    template<number T>
    void operator()(const char*, T value) {
        to_.bind(++last_, static_cast<std::int64_t>(value));
    }
    template<enumeration T>
    void operator()(const char*, T value) {
        to_.bind(++last_, name_of(value));
    }
    template<class T>
    void operator()(const char* name, const std::optional<T>& value) {
        if (value)
            (*this)(name, *value);
        else
            to_.bind_null(++last_);
    }

private:
    sqlite::statement& to_;
    int last_ = 0;
};

class reading_row {
public:
    explicit reading_row(const sqlite::statement& from)
        : from_(from) {}

    void operator()(const char*, std::string& value) { value = from_.text(next_++); }
    void operator()(const char*, wall_time& value) { value = from_ms(from_.number(next_++)); }
    template<number T>
    void operator()(const char*, T& value) {
        value = within<T>(from_.number(next_++));
    }
    template<enumeration T>
    void operator()(const char*, T& value) {
        value = named<T>(from_.text(next_++)).value_or(T());
    }
    template<enumeration T>
    void operator()(const char*, std::optional<T>& value) {
        value = std::nullopt;
        if (!from_.is_null(next_)) value = named<T>(from_.text(next_));
        ++next_;
    }
    template<class T>
    void operator()(const char* name, std::optional<T>& value) {
        value.reset();
        if (from_.is_null(next_))
            ++next_;
        else
            (*this)(name, value.emplace());
    }

private:
    const sqlite::statement& from_;
    int next_ = 0;
};

} // namespace hosting::store
