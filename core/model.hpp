// The rows we work on and what we say about them. Plain values, no behaviour.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hosting {

// The stages of a site, in their order.
enum class stage { site, certificate, analytics, report };
inline constexpr std::size_t stage_count = 4;
[[nodiscard]] std::string_view to_string(stage s) noexcept;

// What the poll keeps of each pending row: as little as can be, there may be a hundred thousand.
struct pending_site {
    std::string id;         // uuid or whatever the table's key is, as text
    std::string domain;     // as the row has it, not normalised
    std::string server_id;  // empty: the row names none
    std::string created_at; // as the row has it; empty where the schema has no such column
};

// A site's row as read just before work on it starts. The final update is conditional on these values.
struct site {
    std::string id;
    std::string domain;                   // as the row has it, not normalised
    std::optional<std::string> server_id; // nullopt: null, or no such column
    bool has_server_column = true;        // the oldest schema lacks it; then it is no condition of the update
    std::optional<std::string> status_dns;
    std::optional<std::string> status_hosting;
    std::optional<std::int64_t> matomo_site_id;
    std::optional<std::string> error_message;
    std::optional<std::string> document_root;

    friend bool operator==(const site&, const site&) = default;
};

// A server's row without its key, which is read only when a connection needs it.
struct server {
    std::string id;
    std::string name;    // empty where the row or the schema has none
    std::string address; // IPv4, IPv6 without brackets, or a host name; empty: the row has none
    std::uint16_t port = 22;
    std::string user = "root";
    bool active = true;

    friend bool operator==(const server&, const server&) = default;
};

// How people and the journal call a server: its name, or its id where it has none.
[[nodiscard]] inline const std::string& label(const server& s) noexcept {
    return s.name.empty() ? s.id : s.name;
}

// Where a server is: rows with the same address, port and user are one server, which has one session, one
// turn, one budget and one incident.
[[nodiscard]] std::string place_of(const server& s);

// What is written back. `active` clears error_message; a missing value is left out of the update, never
// nulled.
struct outcome {
    enum class kind { active, failed, waiting };
    kind what = kind::active;
    std::optional<std::string> document_root;
    std::optional<std::int64_t> matomo_site_id;
    std::string error_message; // ready to be written; empty for `active`

    friend bool operator==(const outcome&, const outcome&) = default;
};

// What became of a conditional update.
enum class delivery {
    written,    // the row has our values: just now, or by an earlier try whose answer was lost; or it had
                // them, and is a new request since
    row_changed // the row is not what was read (edited, moved, done or deleted by the Hub): nothing was
                // written
};

} // namespace hosting
