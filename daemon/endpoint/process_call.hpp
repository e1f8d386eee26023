// The Hub's call: POST /process. Pure.
#pragma once

#include "adapters/http/client.hpp"
#include "core/secret.hpp"
#include "daemon/endpoint/message.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace hosting::endpoint {

struct process_call {
    std::string supabase_url;
    secret key;
    std::string site_id; // empty: all that is pending
};

// Whatever its content type says, the body is JSON. Otherwise the answer is 422, in the form that FastAPI
// gives it, but with nothing of what was sent: that may be the key.
[[nodiscard]] std::variant<process_call, answer> read_process_call(std::string_view body);

// Who may call. Keeps a digest of the key alone.
class gate {
public:
    gate(http::url supabase, const secret& key);

    // 401: another key, compared in constant time; 409: another Supabase than ours.
    [[nodiscard]] std::optional<answer> refuse(const process_call& call) const;

private:
    using digest = std::array<unsigned char, 32>;
    static digest digest_of(std::string_view text);

    http::url supabase_;
    digest key_;
};

} // namespace hosting::endpoint
