// What outlives the program, in wall time. Plain values; core/ports/memory.hpp keeps them.
#pragma once

#include "core/progress.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hosting {

// A site that is not done. Of use only while its row still has this domain and server.
struct site_record {
    std::string site_id;
    std::string domain;    // as the row had it
    std::string server_id; // the same; empty: none
    wall_time next_attempt;
    progress_in<wall_time> progress;

    friend bool operator==(const site_record&, const site_record&) = default;
};

// What became of a call of clpctl's lets-encrypt:install:certificate, for the budgets.
enum class order_end {
    unknown,            // not known (yet): the last of such in a row counts as if it was issued
    not_sent,           // certainly no order: counts for nothing
    issued,             // a certificate was issued, or may have been and is not there
    validation_refused, // the validation failed
    rate_limited,       // Let's Encrypt refused for now
    refused             // the order failed in another way
};

struct order_record {
    std::uint64_t id = 0; // grows
    std::string place;    // place_of() the server
    std::string domain;   // normalised
    wall_time at;
    order_end end = order_end::unknown;
    std::optional<wall_time> not_before; // the earliest next one that Let's Encrypt named

    friend bool operator==(const order_record&, const order_record&) = default;
};

// What was seen of a server, whichever rows name it.
struct server_facts {
    std::string place;         // place_of() the server
    std::string worked_key;    // a digest of the private key that last logged in; empty: none ever did
    bool panel_worked = false; // clpctl did its work there once

    // A server that refused us is left in peace until then, or until its row's key changes.
    struct refusal {
        failure why;
        std::string key; // the digest of the key that was refused
        wall_time until;
        friend bool operator==(const refusal&, const refusal&) = default;
    };
    std::optional<refusal> refused;

    friend bool operator==(const server_facts&, const server_facts&) = default;
};

// A server that cannot be used now.
struct incident_record {
    std::string place;
    failure why;
    wall_time since;
    unsigned probes = 0; // failed ones
    wall_time next_probe;
    std::vector<std::string> server_ids = {}; // that lead there; "" stands for rows that name none

    friend bool operator==(const incident_record&, const incident_record&) = default;
};

struct memories {
    std::vector<site_record> sites;
    std::vector<order_record> orders; // of the last eight days
    std::vector<server_facts> servers;
    std::vector<incident_record> incidents;
    std::uint64_t first_order_id = 0; // that is free; 0: the one after the highest above
};

} // namespace hosting
