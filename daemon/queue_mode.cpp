#include "daemon/queue_mode.hpp"

#include "core/message_text.hpp"

#include <atomic>
#include <utility>

namespace hosting {
namespace {

using boost::asio::awaitable;
using shared_queue::how_to_apply;
using shared_queue::wanted_version;
using shared_queue::work_view;

constexpr const char* queue_part = "queue";
constexpr std::size_t longest_name = 80;
constexpr std::size_t most_named = 5;

std::string holders(const work_view& seen) {
    std::string text;
    std::size_t named = 0;
    std::size_t others = 0;
    for (const auto& w : seen.workers) {
        if (w.held == 0) continue;
        if (named == most_named) {
            ++others;
            continue;
        }
        ++named;
        text.append(text.empty() ? "" : ", ").append(plain_text(w.worker, longest_name));
        text += " on " + plain_text(w.host, longest_name) + " (" + std::to_string(w.held) +
                (w.held == 1 ? " site)" : " sites)");
    }
    return others > 0 ? text + " and " + std::to_string(others) + " more" : text;
}

failure not_there() {
    return {errc::supabase_schema,
            "queue.mode is \"shared\", but the database has no shared queue: " + std::string(how_to_apply)};
}

failure other_version(int found) {
    const std::string both = "the shared queue in the database is of version " + std::to_string(found) +
                             ", and this program needs version " + std::to_string(wanted_version) + ": ";
    return {errc::supabase_schema,
            both + (found < wanted_version ? std::string(how_to_apply) : "upgrade this program")};
}

class sole_queue final : public site_queue {
public:
    sole_queue(site_queue& hub, work_looker look)
        : hub_(hub)
        , look_(std::move(look)) {}

    awaitable<result<pending_rows>> pending() override {
        if (auto why = co_await why_not()) co_return std::move(*why);
        co_return co_await hub_.pending();
    }
    awaitable<result<pending_rows>> newest() override {
        if (auto why = co_await why_not()) co_return std::move(*why);
        co_return co_await hub_.newest();
    }
    awaitable<result<std::optional<site>>> read(std::string site_id) override {
        if (auto why = co_await why_not()) co_return std::move(*why);
        co_return co_await hub_.read(std::move(site_id));
    }
    awaitable<result<std::vector<server>>> servers() override { co_return co_await hub_.servers(); }
    awaitable<result<secret>> private_key(std::string server_id) override {
        co_return co_await hub_.private_key(std::move(server_id));
    }
    awaitable<result<delivery>> report(site as_read, outcome what) override {
        co_return co_await hub_.report(std::move(as_read), std::move(what));
    }

private:
    awaitable<std::optional<failure>> why_not() {
        if (alone_) co_return std::nullopt;
        auto seen = co_await look_();
        if (!seen) co_return seen.error();
        auto why = misfit(false, *seen);
        if (!why) alone_ = true;
        co_return why;
    }

    site_queue& hub_;
    const work_looker look_;
    std::atomic<bool> alone_ = false;
};

} // namespace

std::optional<failure> misfit(bool shared, const std::optional<work_view>& seen) {
    if (shared) {
        if (!seen) return not_there();
        if (seen->version != wanted_version) return other_version(seen->version);
        return std::nullopt;
    }
    if (!seen) return std::nullopt;
    const auto others = holders(*seen);
    if (others.empty()) return std::nullopt;
    return failure{errc::supabase_refused,
                   "queue.mode is \"single\", but other daemons hold sites of the shared queue: " + others +
                       "; stop them, or set queue.mode = \"shared\""};
}

finding judge_queue(bool shared, const result<std::optional<work_view>>& seen) {
    using enum finding::state;
    if (!seen) return trouble(queue_part, seen.error());
    if (const auto why = misfit(shared, *seen)) return trouble(queue_part, *why);
    if (!shared) return {queue_part, ok, "this daemon has the sites to itself (queue.mode)", ""};
    std::string text = "shared (version " + std::to_string((*seen)->version) + ")";
    const auto others = holders(**seen);
    return {queue_part, ok, text + (others.empty() ? ", no daemon holds a site now" : ", held by " + others),
            ""};
}

std::unique_ptr<site_queue> make_sole_queue(site_queue& hub, work_looker look) {
    return std::make_unique<sole_queue>(hub, std::move(look));
}

} // namespace hosting
