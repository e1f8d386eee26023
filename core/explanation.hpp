// Why a site is not being worked on, for people: from its row, and from what is remembered. Pure.
#pragma once

#include "core/model.hpp"
#include "core/records.hpp"
#include "core/retry.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hosting {

// What is known beside the site itself.
struct known_world {
    const std::vector<server>* servers = nullptr; // null: Supabase cannot be asked
    const memories* memory = nullptr;             // null: there is none
    bool nobody_works = false;                    // certainly: no daemon holds the state folder
    retry_policy retry;
    std::string default_server;
    std::size_t orders_per_server_per_3h = 250;
    wall_time now;
};

struct explanation {
    std::string site_id;
    std::string domain;
    std::string verdict; // why it is not running now: a sentence or two, without the final stop
    std::string who;     // who must act; empty: nobody
    struct fact {
        std::string name; // "next attempt"
        std::string text;
    };
    std::vector<fact> facts;
};

// Of one site; one of both is there. A record counts while its row has the same domain and server. The texts
// of the row are bounded and harmless to a terminal.
[[nodiscard]] explanation explain(const std::optional<site>& row, const std::optional<site_record>& record,
                                  const known_world& world);

// Whether a person who asks for `asked` means this row's domain.
[[nodiscard]] bool is_same_domain(std::string_view as_read, std::string_view asked);

} // namespace hosting
