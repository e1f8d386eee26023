// One site's way through its stages. Pure: results go in, the next action comes out; whoever drives it
// performs the action. core/README.md has the picture.
#pragma once

#include "core/events.hpp"
#include "core/model.hpp"
#include "core/moment.hpp"
#include "core/ports/log.hpp"
#include "core/progress.hpp"
#include "core/result.hpp"
#include "core/retry.hpp"
#include "core/site_user.hpp"
#include "core/steps.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace hosting {

struct machine_settings {
    retry_policy retry;
    std::chrono::seconds keep_if_valid_for{21 * 86'400};
    bool preflight = true; // a name without any address gets no order
    bool analytics = true;
};

// What the machine is about.
struct machine_input {
    std::string domain; // normalised
    site_users users;
    site row; // as read; one that was `active` is never written `failed`
};

// Next actions.
struct do_create_site {
    creation what;
    friend bool operator==(const do_create_site&, const do_create_site&) = default;
};
struct do_check_address {
    friend bool operator==(const do_check_address&, const do_check_address&) = default;
};
struct do_install_certificate {
    installation what;
    friend bool operator==(const do_install_certificate&, const do_install_certificate&) = default;
};
struct do_register_analytics {
    friend bool operator==(const do_register_analytics&, const do_register_analytics&) = default;
};
struct do_report {
    outcome what;
    friend bool operator==(const do_report&, const do_report&) = default;
};
struct do_finish {
    enum class kind {
        active,      // written
        failed,      // written
        retry,       // run again after `delay`
        row_changed, // the Hub changed the row: nothing was written
        left_active  // it failed, but the row says `active` and stays so
    };
    kind what = kind::active;
    std::optional<failure> why;
    std::chrono::milliseconds delay{};
    friend bool operator==(const do_finish&, const do_finish&) = default;
};
using site_action = std::variant<do_create_site, do_check_address, do_install_certificate,
                                 do_register_analytics, do_report, do_finish>;

// A line for the log, decided here because here it is known what it means.
struct notice {
    log_level level = log_level::info;
    std::string text;
    std::optional<errc> cause;
    stage at = stage::site; // where it happened
    unsigned attempt = 1;   // which one that was
    std::optional<event> milestone = std::nullopt;
};

// Why the owner of a site that exists may not own one; nullopt: it may.
[[nodiscard]] std::optional<failure> owner_fault(const site_view& view);

class site_machine {
public:
    site_machine(machine_settings settings, machine_input input, site_progress progress);

    // The first action. Each of the others takes the result of the action before and gives the next one.
    [[nodiscard]] site_action start();
    // Instead of start(): nothing can be done for this row, for the reason given.
    [[nodiscard]] site_action refuse(failure why, const moment& now);
    // Instead of start(): the site has waited long enough for its server.
    [[nodiscard]] site_action give_up(failure why, const moment& now);
    [[nodiscard]] site_action on_created(const result<creation_result>& what, const moment& now);
    [[nodiscard]] site_action on_address(address_check found, const moment& now);
    [[nodiscard]] site_action on_installed(const result<installation_result>& what, const moment& now);
    [[nodiscard]] site_action on_registered(const result<std::int64_t>& what, const moment& now);
    [[nodiscard]] site_action on_reported(const result<delivery>& what, const moment& now);

    [[nodiscard]] stage at() const noexcept { return at_; }
    // The number of the attempt that runs now in this stage, from 1.
    [[nodiscard]] unsigned attempt() const noexcept { return attempt_; }
    [[nodiscard]] const site_progress& progress() const noexcept { return progress_; }
    // The lines decided since the last call.
    [[nodiscard]] std::vector<notice> take_notices() { return std::exchange(notices_, {}); }

private:
    static constexpr std::size_t index(stage s) noexcept { return static_cast<std::size_t>(s); }

    void enter(stage next);
    site_action create(const std::string& user, bool over_orphan);
    site_action accept_site(const creation_result& made, const moment& now);
    site_action make_over_orphan();
    site_action consider_certificate(const moment& now);
    site_action install();
    site_action analytics_or_report();
    site_action analytics_failed(failure why, const moment& now);
    site_action report(outcome what);
    void forget_lost_reply();
    site_action on_failure(failure why, const moment& now);
    site_action look_again(failure why, const moment& now);
    site_action transient_failure(failure why, const moment& now);
    site_action snooze(failure why, const moment& now);
    site_action wait_for_certificate(std::chrono::milliseconds delay, failure why, const moment& now);
    site_action fail(failure why);
    site_action retry_in(std::chrono::milliseconds delay, failure why, const moment& now);
    [[nodiscard]] bool is_foreign() const;
    [[nodiscard]] std::string document_root() const;
    void note(log_level level, std::string text, std::optional<errc> cause = std::nullopt,
              std::optional<event> milestone = std::nullopt);

    machine_settings settings_;
    machine_input input_;
    site_progress progress_;
    stage at_ = stage::site;
    unsigned attempt_ = 1;
    std::string user_; // that the last create action named
    site_view view_;   // as last seen
    bool over_orphan_ = false;
    unsigned guard_rounds_ = 0;
    bool address_checked_ = false;
    std::vector<notice> notices_;
};

} // namespace hosting
