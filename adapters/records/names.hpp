// What enumerators are called in the file. Their numbers may change between versions; these names may not.
#pragma once

#include "core/errors.hpp"
#include "core/model.hpp"
#include "core/records.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace hosting::records {

[[nodiscard]] std::string_view name_of(errc) noexcept;
[[nodiscard]] std::string_view name_of(stage) noexcept;
[[nodiscard]] std::string_view name_of(outcome::kind) noexcept;
[[nodiscard]] std::string_view name_of(order_end) noexcept;

template<class Enum>
inline constexpr std::size_t count_of = 0;
template<>
inline constexpr std::size_t count_of<errc> = static_cast<std::size_t>(errc::internal) + 1;
template<>
inline constexpr std::size_t count_of<stage> = stage_count;
template<>
inline constexpr std::size_t count_of<outcome::kind> = static_cast<std::size_t>(outcome::kind::waiting) + 1;
template<>
inline constexpr std::size_t count_of<order_end> = static_cast<std::size_t>(order_end::refused) + 1;

// What a name that this version does not know is taken for. An outcome has no such value: it is dropped, and
// decided again.
template<class Enum>
inline constexpr std::optional<Enum> stranger = std::nullopt;
template<>
inline constexpr std::optional<errc> stranger<errc> = errc::internal;
template<>
inline constexpr std::optional<stage> stranger<stage> = stage::site;
template<>
inline constexpr std::optional<order_end> stranger<order_end> = order_end::unknown;

template<class Enum>
[[nodiscard]] std::optional<Enum> named(std::string_view name) noexcept {
    for (std::size_t i = 0; i < count_of<Enum>; ++i)
        if (name_of(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
    return stranger<Enum>;
}

} // namespace hosting::records
