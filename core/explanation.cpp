#include "core/explanation.hpp"

#include "core/budgets.hpp"
#include "core/domain_name.hpp"
#include "core/message_text.hpp"
#include "core/registered_domain.hpp"
#include "core/server_choice.hpp"

#include <algorithm>
#include <chrono>

namespace hosting {
namespace {

constexpr std::size_t shown = 128;        // characters of a name
constexpr std::size_t shown_detail = 400; // of a sentence
constexpr std::size_t most_orders = 10;
constexpr std::string_view hub_admin = "an administrator of the Management Hub must act";

std::string quoted(const std::optional<std::string>& text) {
    return text ? "'" + plain_text(*text, shown) + "'" : "null";
}

std::string sentence(const failure& why) {
    return std::string(code_name(why.code)) + ": " + plain_text(why.detail, shown_detail);
}

std::string with_length(wall_time when, const char* before, std::chrono::milliseconds length,
                        const char* after) {
    return utc_text(when) + " (" + before + duration_text(length) + after + ")";
}

std::string ago(wall_time when, wall_time now) {
    const auto length = std::chrono::duration_cast<std::chrono::milliseconds>(now - when);
    return when > now ? utc_text(when) : with_length(when, "", length, " ago");
}

std::string ahead(wall_time when, wall_time now) {
    if (when == wall_time::max()) return "never by itself";
    if (when <= now) return "due since " + utc_text(when);
    return with_length(when, "in ", std::chrono::duration_cast<std::chrono::milliseconds>(when - now), "");
}

std::string_view words(order_end end) {
    switch (end) {
    case order_end::unknown: return "no answer is known";
    case order_end::not_sent: return "not sent";
    case order_end::issued: return "issued";
    case order_end::validation_refused: return "the validation failed";
    case order_end::rate_limited: return "Let's Encrypt refused for now";
    case order_end::refused: return "refused";
    }
    return "?";
}

std::string_view words(outcome::kind what) {
    switch (what) {
    case outcome::kind::active: return "active";
    case outcome::kind::failed: return "failed";
    case outcome::kind::waiting: return "waiting";
    }
    return "?";
}

template<class Records>
auto* of_place(Records& all, const std::string& place) {
    const auto found = std::ranges::find_if(all, [&](const auto& r) { return r.place == place; });
    return found == all.end() ? nullptr : &*found;
}

// Gathers what is known of one site.
class story {
public:
    story(const std::optional<site>& row, const std::optional<site_record>& record, const known_world& world)
        : row_(row)
        , record_(record)
        , world_(world)
        , domain_(normalise_domain(row ? row->domain : record->domain)) {
        is_its_own_ =
            record &&
            (!row || (record->domain == row->domain && record->server_id == row->server_id.value_or("")));
        if (world.servers) choose();
        if (world.memory && where_) {
            const auto place = place_of(*where_);
            incident_ = of_place(world.memory->incidents, place);
            const auto* facts = of_place(world.memory->servers, place);
            if (facts && facts->refused && facts->refused->until > world.now) refused_ = &*facts->refused;
        }
    }

    explanation tell() {
        out_.site_id = plain_text(row_ ? row_->id : record_->site_id, shown);
        out_.domain = domain_ ? *domain_ : plain_text(row_ ? row_->domain : record_->domain, shown);
        judge();
        tell_row();
        tell_server();
        tell_progress();
        tell_orders();
        return std::move(out_);
    }

private:
    void choose() {
        const auto id = row_                         ? row_->server_id
                        : record_->server_id.empty() ? std::nullopt
                                                     : std::optional(record_->server_id);
        auto chosen = choose_server(id, *world_.servers, world_.default_server);
        if (chosen)
            where_ = std::move(*chosen);
        else
            lost_ = chosen.error();
    }

    // --- why it is not running now

    void say(std::string why, std::string_view who) {
        out_.verdict = std::move(why);
        out_.who = who;
    }
    void say(const std::string& before, const failure& why) {
        say(before + sentence(why), who_must_act(why.code));
    }

    void judge() {
        if (row_ && !is_asked_for()) return;
        if (!row_ && world_.servers) return say("its row is gone: what is remembered of it is dropped", "");
        judge_work();
        if (world_.nobody_works) {
            out_.verdict = "no daemon is running here, so nothing is done; when one is: " + out_.verdict;
            out_.who =
                "start the service hosting-automator" + (out_.who.empty() ? "" : "; then: " + out_.who);
        }
    }

    // Whether the Hub wants anything done; otherwise that is said.
    bool is_asked_for() {
        const auto& hosting = row_->status_hosting;
        if (hosting == "active") {
            say("it is done: status_hosting is 'active'", "");
            return false;
        }
        if (hosting == "failed") {
            const auto why = row_->error_message.value_or("no error_message says why");
            say("it failed, and is not tried again by itself: " + plain_text(why, shown_detail),
                "mend that, then set status_hosting to 'pending'");
            return false;
        }
        if (hosting != "pending") {
            say("nobody has asked for it: status_hosting is " + quoted(hosting) + ", not 'pending'",
                hub_admin);
            return false;
        }
        if (row_->status_dns == "active") return true;
        say("its DNS is not ready: status_dns is " + quoted(row_->status_dns) +
                ", and work begins at 'active'",
            "the Management Hub sets it once the domain's DNS is there");
        return false;
    }

    void judge_work() {
        if (is_its_own_ && record_->progress.undelivered)
            return say("its outcome is decided, but could not be written to its row yet: " + last_failure(),
                       last_who());
        if (!domain_) return say("it fails at the next poll: ", domain_.error());
        if (lost_) return say("it fails at the next poll: ", *lost_);
        if (where_ && !where_->active)
            return say("its server " + server_name() + " is paused (is_active is false), so it waits",
                       "set the server's is_active to true in the Management Hub");
        if (incident_)
            return say("it waits for its server " + server_name() + ", which cannot be used since " +
                           ago(incident_->since, world_.now) + ": ",
                       incident_->why);
        if (refused_)
            return say("its server " + server_name() + " refused us and is left in peace until " +
                           utc_text(refused_->until) + ": ",
                       refused_->why);
        judge_schedule();
    }

    void judge_schedule() {
        if (!is_its_own_) return say("nothing keeps it: it is running, or begins with the next poll", "");
        const auto& last = record_->progress.last;
        if (record_->next_attempt <= world_.now)
            return say(
                "nothing keeps it: its next attempt is due, so it is running, or begins when it is its turn",
                "");
        const std::string until =
            "it waits for its next attempt, " + ahead(record_->next_attempt, world_.now) + ", ";
        if (last.code == errc::cert_budget)
            return say(
                until +
                    "because Let's Encrypt's limits, as counted here, allow no certificate order before: " +
                    sentence(last),
                "nobody has to: the limits refill by themselves");
        say(until + "after its stage " + std::string(to_string(record_->progress.at)) + " failed: ", last);
    }

    [[nodiscard]] std::string last_failure() const { return sentence(record_->progress.last); }
    [[nodiscard]] std::string_view last_who() const { return who_must_act(record_->progress.last.code); }
    [[nodiscard]] std::string server_name() const { return "'" + plain_text(label(*where_), shown) + "'"; }

    // --- what is known

    void fact(std::string name, std::string text) {
        out_.facts.push_back({std::move(name), std::move(text)});
    }

    void tell_row() {
        if (!row_) return;
        fact("row", "status_dns " + quoted(row_->status_dns) + ", status_hosting " +
                        quoted(row_->status_hosting) + ", server_id " +
                        (row_->has_server_column ? quoted(row_->server_id) : "no such column"));
        if (plain_text(row_->domain, shown) != out_.domain)
            fact("domain", "the row says " + quoted(row_->domain));
        if (!domain_) fact("domain", sentence(domain_.error()));
        if (row_->error_message) fact("error_message", plain_text(*row_->error_message, shown_detail + 100));
        if (row_->document_root) fact("document root", plain_text(*row_->document_root, shown));
        if (row_->matomo_site_id) fact("Matomo id", std::to_string(*row_->matomo_site_id));
    }

    void tell_server() {
        if (lost_) fact("server", sentence(*lost_));
        if (where_)
            fact("server", plain_text(label(*where_), shown) + " (" + plain_text(place_of(*where_), shown) +
                               "), " + (where_->active ? "active" : "paused"));
        if (incident_) tell_incident(*incident_);
        if (refused_)
            fact("server refused us", "left in peace until " + ahead(refused_->until, world_.now) +
                                          ", or until its row's key changes: " + sentence(refused_->why));
        // Which of them is this site's, only Supabase knows.
        if (!world_.servers && world_.memory)
            for (const auto& each : world_.memory->incidents)
                tell_incident(each);
    }

    void tell_incident(const incident_record& i) {
        fact("server down", plain_text(i.place, shown) + " since " + ago(i.since, world_.now) + ": " +
                                sentence(i.why) + "; " + std::to_string(i.probes) +
                                " probes failed; next probe " + ahead(i.next_probe, world_.now));
    }

    void tell_progress() {
        if (!record_) return;
        if (!is_its_own_) return fact("remembered", "of another domain or server of this row: it is dropped");
        const auto& p = record_->progress;
        fact("next attempt", ahead(record_->next_attempt, world_.now));
        fact("failed attempts", attempts());
        time_fact("failing since", p.failed_since);
        if (p.failed_since || p.undelivered)
            fact("last failure", "stage " + std::string(to_string(p.at)) + ": " + last_failure());
        time_fact("waiting since", p.waiting_since); // for what is not the site's fault
        time_fact("first refusal", p.first_refusal); // of a certificate
        time_fact("Matomo since", p.analytics_since);
        if (p.reply_lost)
            fact("reply lost",
                 "of the stage " + std::string(to_string(*p.reply_lost)) + ": it is looked at first");
        if (p.document_root)
            fact("done so far", "site and certificate: " + plain_text(*p.document_root, shown));
        if (p.undelivered) tell_undelivered(p.undelivered->what);
    }

    void time_fact(const char* name, const std::optional<wall_time>& when) {
        if (when) fact(name, ago(*when, world_.now));
    }

    [[nodiscard]] std::string attempts() const {
        std::string text;
        for (std::size_t i = 0; i < stage_count; ++i) {
            const auto at = static_cast<stage>(i);
            const auto most = at == stage::analytics
                                  ? std::min(world_.retry.max_attempts, most_analytics_attempts)
                                  : world_.retry.max_attempts;
            text += (text.empty() ? "" : ", ") + std::string(to_string(at)) + " " +
                    std::to_string(record_->progress.attempts[i]) + " of " + std::to_string(most);
        }
        return text;
    }

    void tell_undelivered(const outcome& what) {
        fact("not yet written",
             std::string(words(what.what)) +
                 (what.error_message.empty() ? "" : ": " + plain_text(what.error_message, shown_detail)));
    }

    void tell_orders() {
        if (!world_.memory || !domain_) return;
        const auto registered = registered_domain(*domain_);
        const auto names = names_of(*domain_, registered);
        std::vector<const order_record*> ours;
        for (const auto& o : world_.memory->orders)
            if (names_of(o.domain, registered_domain(o.domain)) == names) ours.push_back(&o);
        std::ranges::sort(ours, std::greater(), &order_record::at);
        if (ours.size() > most_orders) ours.resize(most_orders);
        for (const auto* o : ours)
            fact("order", ago(o->at, world_.now) + " on " + plain_text(o->place, shown) + ": " +
                              std::string(words(o->end)) +
                              (o->not_before ? ", none before " + utc_text(*o->not_before) : ""));
        if (where_) tell_budget(place_of(*where_));
    }

    void tell_budget(const std::string& place) {
        certificate_budgets budgets(world_.orders_per_server_per_3h);
        budgets.restore(world_.memory->orders);
        const auto hold = budgets.held(place, *domain_, world_.now);
        fact("certificate budget", std::to_string(budgets.remaining(place, world_.now)) + " of " +
                                       std::to_string(world_.orders_per_server_per_3h) +
                                       " orders are left on its server for 3 hours; " +
                                       (hold ? "no order for this domain before " +
                                                   ahead(hold->until, world_.now) + ": " + hold->why
                                             : "an order for this domain may be sent now"));
    }

    const std::optional<site>& row_;
    const std::optional<site_record>& record_;
    const known_world& world_;
    const result<std::string> domain_;
    bool is_its_own_ = false; // the record is of what the row asks for
    std::optional<server> where_;
    std::optional<failure> lost_; // the row leads to no server
    const incident_record* incident_ = nullptr;
    const server_facts::refusal* refused_ = nullptr;
    explanation out_;
};

std::string folded(std::string_view text) {
    std::string out = plain_text(text, 1'024);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

} // namespace

explanation explain(const std::optional<site>& row, const std::optional<site_record>& record,
                    const known_world& world) {
    return story(row, record, world).tell();
}

bool is_same_domain(std::string_view as_read, std::string_view asked) {
    const auto first = normalise_domain(as_read);
    const auto second = normalise_domain(asked);
    if (first && second) return *first == *second;
    return !first && !second && folded(as_read) == folded(asked);
}

} // namespace hosting
