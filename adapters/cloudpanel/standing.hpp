// How we stand with one server: which key it takes, whether its panel worked, and what it refused us. Pure:
// time is an argument.
#pragma once

#include "core/moment.hpp"
#include "core/records.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace hosting::cloudpanel {

// Whether the server is left in peace for a while after such a failure.
[[nodiscard]] bool is_refusal(errc code) noexcept;

// Keys are told apart by their digest (see places.hpp).
class standing {
public:
    explicit standing(std::string place);

    // What an earlier life knew. Of its refusals only those of logins stand, and none that would stand for
    // longer than it may: that was written by another clock.
    standing(server_facts known, const moment& now);

    // What a call with this key ends with, without a connection; null: it may try. Valid until the next
    // change.
    [[nodiscard]] const failure* refusal(std::string_view key, steady_time now) const noexcept;

    void logged_in(std::string_view key, steady_time now);

    // A script came to its end; `clpctl_answered`: and clpctl ran in it and said something of its own.
    void worked(bool clpctl_answered);

    // The failure as it is told: what worked before and does not any more is an outage. A refusal stands from
    // now on, for this key, and says until when.
    [[nodiscard]] failure failed(failure why, std::string_view key, const moment& now);

    void forget_refusals();
    void forget_key(std::string_view key); // no row has it any more

    [[nodiscard]] server_facts facts() const;

private:
    struct standing_refusal {
        server_facts::refusal told;
        steady_time until;
    };

    server_facts known_;                     // without its refusal
    std::vector<standing_refusal> refusals_; // one for each key: rows with different keys may name one server
};

} // namespace hosting::cloudpanel
