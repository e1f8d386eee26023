// The servers that we know, by their place: the keys of the rows that name them, and how we stand with each.
#pragma once

#include "adapters/cloudpanel/standing.hpp"
#include "core/model.hpp"
#include "core/ports/log.hpp"
#include "core/secret.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hosting::cloudpanel {

// The first 16 hex digits of a private key's SHA-256: what is kept of it beyond this life.
[[nodiscard]] std::string digest_of(const secret& key);

// All calls on one strand. As many places are kept as there are servers.
class places {
public:
    // `remember` hears of all facts of a place whenever one changes.
    places(std::function<void(server_facts)> remember, log&);

    void recall(std::vector<server_facts> known, const moment& now);
    void forget_refusals();

    // The key in the server's row, as last read; null: it was not read yet.
    [[nodiscard]] const secret* key(const server& where) const;
    [[nodiscard]] bool is_fresh(const server& where, steady_time::duration longest, steady_time now) const;
    // Whether it took the place of another one, whose refusals are forgotten. `read_at`: when it was asked
    // for.
    bool set_key(const server& where, secret key, steady_time read_at);

    // What a call with the row's key ends with, as the server is left in peace; null: it may try.
    [[nodiscard]] const failure* refusal(const server& where, steady_time now) const;

    // What a login with a key came to, in the digest's form.
    void note_login(const server& where, std::string_view key, const std::optional<failure>& why,
                    const moment& now);
    // A script came to its end. See standing.
    void note_work(const server& where, bool clpctl_answered);
    // The failure as it is told. See standing.
    [[nodiscard]] failure note_failure(const server& where, failure why, const moment& now);

    // Another installation's id was on the server: one warning an hour.
    void note_installation(const server& where, const std::string& id, steady_time now);

private:
    struct row_key {
        secret text;
        std::string digest;
        steady_time read_at;
    };
    struct known_place {
        explicit known_place(const std::string& place)
            : how(place)
            , kept(how.facts()) {}
        standing how;
        server_facts kept;                         // as last handed to `remember`
        std::map<std::string, row_key> keys;       // by the row's id
        std::map<std::string, steady_time> warned; // by the other installation's id
    };

    [[nodiscard]] const known_place* find(const server& where) const;
    [[nodiscard]] const row_key* key_in(const server& where) const;
    known_place& at(const server& where);
    void keep(known_place& place);

    std::function<void(server_facts)> remember_;
    log& log_;
    std::map<std::string, known_place> places_; // by place_of()
};

} // namespace hosting::cloudpanel
