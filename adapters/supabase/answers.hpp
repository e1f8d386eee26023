// What PostgREST, and the gateways before it, mean by an answer that is not the one hoped for.
// Source: PostgREST 12.0.2, 14.5 and 16.2 as observed; for the hosted gateways, Supabase's documents.
#pragma once

#include "adapters/http/client.hpp"
#include "core/moment.hpp"
#include "core/result.hpp"

#include <string>
#include <string_view>

namespace hosting::supabase {

// What was asked for, as the sentences name it.
struct asked {
    std::string_view table; // with calling: the function
    bool writing = false;
    bool calling = false; // a function
};

// The `code` of a PostgREST error: an SQLSTATE or PGRST...; empty where the body has none.
[[nodiscard]] std::string error_code(const http::response& answer);

// 2xx with a JSON body; whether its shape is right is for rows.hpp to say.
[[nodiscard]] bool is_success(const http::response& answer);

// The cause and a sentence for people, for any answer that is no success. Never holds `details` (it may be a
// whole row), nor text of the database but that which names tables, columns and rules. What may pass by
// itself has a `not_before` where the answer has a Retry-After: at least `now`, at most five minutes later.
[[nodiscard]] failure explain(const http::response& answer, asked what, wall_time now);
[[nodiscard]] failure explain(const http::transport_failure& why);

// The server, or the gateway in its place, may have done what it was asked before it gave this answer.
[[nodiscard]] bool may_have_been_done(const http::response& answer);

// 42703 or PGRST204, and the column it is about is this one.
[[nodiscard]] bool is_missing_column(const http::response& answer, std::string_view column);
[[nodiscard]] bool is_missing_table(const http::response& answer);

// The database cannot read a value of a filter, as with an id that is no uuid: no row can have it.
[[nodiscard]] bool is_malformed_value(const http::response& answer);

} // namespace hosting::supabase
