#include "adapters/shared_queue/shared_queue.hpp"

#include "adapters/shared_queue/answers.hpp"
#include "adapters/shared_queue/book.hpp"
#include "adapters/shared_queue/calls.hpp"
#include "adapters/shared_queue/outbox.hpp"
#include "adapters/shared_queue/turnstile.hpp"
#include "adapters/shared_queue/work.hpp"
#include "adapters/supabase/requests.hpp"
#include "core/read_back.hpp"
#include "core/registered_domain.hpp"
#include "core/retry.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <random>
#include <set>
#include <unistd.h>
#include <utility>

namespace hosting::shared_queue {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr milliseconds write_within{50};
constexpr milliseconds shortest_renewal_pause{100};
constexpr int number_bits = 32; // of an order's id: below the number of the life that placed it

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

std::string fresh_name(const std::string& host) {
    std::random_device dice;
    return host + '-' + std::to_string(::getpid()) + '-' + std::to_string(dice());
}

// All but `held` and `installation_id` runs on a strand of its own. What it spawned keeps it alive.
class member : public claims, public memory, public site_queue, public std::enable_shared_from_this<member> {
public:
    member(const asio::any_io_executor& executor, settings s, http::client& over, supabase::hub& hub, log& l)
        : strand_(asio::make_strand(executor))
        , settings_(std::move(s))
        , worker_(settings_.worker.empty() ? fresh_name(settings_.host) : settings_.worker)
        , client_(over)
        , hub_(hub)
        , log_(l)
        , book_(settings_.lease)
        , entering_(strand_)
        , cursor_(strand_)
        , writing_(strand_)
        , write_timer_(strand_)
        , renewal_(strand_) {}

    void end() {
        asio::post(strand_, [self = shared_from_this()] {
            self->ended_ = true;
            self->write_timer_.cancel();
            self->renewal_.cancel();
        });
    }

    // The port claims.

    awaitable<result<claim_answer>> claim(claim_demand wanted) override {
        return spawn(do_claim(std::move(wanted)));
    }
    std::optional<fence> held(const std::string& site_id) const override {
        return book_.held(site_id, steady_clock::now());
    }
    void give_back(std::string site_id) override {
        asio::post(strand_, [self = shared_from_this(), id = std::move(site_id)] {
            if (const auto token = self->book_.remove(id)) self->outbox_.give_back(id, *token);
            self->write_soon();
        });
    }
    awaitable<void> leave() override { return spawn(do_leave()); }

    // The port memory.

    awaitable<result<memories>> load() override { return spawn(do_load()); }
    std::string installation_id() const override { return book_.queue(); }
    void keep(site_record what) override {
        asio::post(strand_, [self = shared_from_this(), what = std::move(what)] {
            if (const auto token = self->book_.remove(what.site_id))
                self->outbox_.keep(what, *token, self->clocks_);
            self->write_soon();
        });
    }
    void forget_site(std::string site_id) override {
        asio::post(strand_, [self = shared_from_this(), id = std::move(site_id)] {
            if (const auto token = self->book_.remove(id)) self->outbox_.forget(id, *token);
            self->write_soon();
        });
    }
    void keep(server_facts what) override {
        asio::post(strand_, [self = shared_from_this(), what = std::move(what)] {
            self->outbox_.keep(what, self->clocks_);
            self->write_soon();
        });
    }
    void keep(incident_record what) override {
        asio::post(strand_, [self = shared_from_this(), what = std::move(what), seen = system_clock::now()] {
            self->outbox_.keep(what, seen, self->clocks_);
            self->write_soon();
        });
    }
    void forget_incident(std::string place) override {
        asio::post(strand_,
                   [self = shared_from_this(), place = std::move(place), seen = system_clock::now()] {
                       self->outbox_.incident_is_over(place, seen, self->clocks_);
                       self->write_soon();
                   });
    }
    awaitable<result<order_answer>> keep_order(order_record what) override {
        return spawn(do_keep_order(std::move(what)));
    }
    void end_order(order_record what) override {
        asio::post(strand_, [self = shared_from_this(), what = std::move(what)] {
            auto ended = what;
            ended.id = self->global_id(what.id);
            self->outbox_.end(ended, self->clocks_);
            self->write_soon();
        });
    }
    awaitable<void> flush() override { return spawn(do_flush()); }

    // The port site_queue.

    awaitable<result<pending_rows>> pending() override { return hub_.pending(); }
    awaitable<result<pending_rows>> newest() override { return hub_.newest(); }
    awaitable<result<std::optional<site>>> read(std::string site_id) override {
        return hub_.read(std::move(site_id));
    }
    awaitable<result<std::vector<server>>> servers() override { return hub_.servers(); }
    awaitable<result<secret>> private_key(std::string server_id) override {
        return hub_.private_key(std::move(server_id));
    }
    awaitable<result<delivery>> report(site as_read, outcome what) override {
        return spawn(do_report(std::move(as_read), std::move(what)));
    }

private:
    // A call may be cut off by the end of the loop alone, when its owner is gone.
    template<class T>
    awaitable<T> spawn(awaitable<T> what) {
        return asio::co_spawn(strand_, with(shared_from_this(), std::move(what)), asio::use_awaitable);
    }
    template<class T>
    static awaitable<T> with(std::shared_ptr<member> /*kept*/, awaitable<T> what) {
        co_return co_await std::move(what);
    }

    // Calls

    // By somebody who has entered; enters first, or again, where that is needed.
    awaitable<reply> ask(call what) {
        what.arguments["worker"] = worker_;
        for (bool again = false;; again = true) {
            if (auto why = co_await enter()) {
                reply none;
                none.why = std::move(*why);
                co_return none;
            }
            const auto life = life_->number;
            if (what.arguments.contains("seen")) what.arguments["seen"] = seen_; // of this queue
            call once = what;
            auto answer = co_await make_call(settings_.project, client_, std::move(once));
            if (answer.clocks) clocks_ = *answer.clocks;
            if (!answer.unknown_worker) co_return answer;
            // The queue was made anew, or forgot us after a day. Another call may have found out, too.
            if (life_ && life_->number == life) {
                life_.reset();
                lose(book_.lose_all());
            }
            if (again) co_return answer;
        }
    }

    awaitable<std::optional<failure>> enter() {
        const auto turn = co_await entering_.take();
        if (life_) co_return std::nullopt;
        if (ended_) co_return failure{errc::supabase_unreachable, "this daemon has left the shared queue"};
        call entering{"enter", {{"worker", worker_}, {"host", settings_.host}, {"version", wanted_version}}};
        const auto answer = co_await make_call(settings_.project, client_, std::move(entering));
        if (!answer.value) co_return answer.why;
        const auto entered = read_entrance(*answer.value);
        if (!entered) co_return entered.error();
        if (book_.queue() != entered->queue) {
            seen_ = 0;
            own_lives_.clear(); // another queue counts anew: ours there may be somebody's here
        }
        book_.belongs_to(entered->queue);
        if (answer.clocks) clocks_ = *answer.clocks;
        life_ = *entered;
        if (own_lives_.empty()) first_life_ = entered->number;
        own_lives_.insert(entered->number);
        co_return std::nullopt;
    }

    // Where the database was away at the start, the core numbers its orders from one.
    std::uint64_t global_id(std::uint64_t order) const {
        return order >> number_bits == 0 ? first_life_ << number_bits | order : order;
    }

    void lose(std::vector<std::string> ids) { std::ranges::move(ids, std::back_inserter(lost_)); }

    // What others found out, without what was our own.
    std::optional<failure> take_news(const reply& from, std::vector<order_record>& orders, bool* more) {
        auto told = read_news(*from.value, clocks_);
        if (!told) return told.error();
        seen_ = told->seen;
        if (more) *more = told->more;
        std::erase_if(told->orders, [&](const order_record& o) {
            return own_lives_.contains(static_cast<std::uint64_t>(o.id >> number_bits));
        });
        std::ranges::move(told->orders, std::back_inserter(orders));
        std::ranges::move(told->servers, std::back_inserter(facts_));
        return std::nullopt;
    }

    // Claims

    call claiming(const claim_demand& wanted) const {
        call out{"claim", {}};
        out.arguments = {{"room", wanted.room},
                         {"lease_ms", settings_.lease.count()},
                         {"per_server", wanted.per_server},
                         {"announce_after_ms", milliseconds(announced_from).count()},
                         {"outage_limit_ms", wanted.outage_limit.count()},
                         {"seen", seen_}};
        if (!wanted.only.empty()) out.arguments["only"] = wanted.only;
        return out;
    }

    awaitable<result<claim_answer>> do_claim(claim_demand wanted) {
        const auto turn = co_await cursor_.take();
        if (auto why = co_await write_all()) co_return std::move(*why);
        claim_answer answer;
        bool more_news = false;
        if (auto why = co_await claim_into(answer, wanted, more_news)) co_return std::move(*why);
        // What is told once must be told: the rest of the news can wait for the next claim.
        const bool more_rows = answer.more;
        wanted = {};
        while (more_news) {
            const auto why = co_await claim_into(answer, wanted, more_news);
            if (why) break;
        }
        answer.more = more_rows;
        answer.servers = std::exchange(facts_, {});
        answer.lost = std::exchange(lost_, {});
        if (!book_.empty()) keep_renewing();
        co_return answer;
    }

    awaitable<std::optional<failure>> claim_into(claim_answer& answer, const claim_demand& wanted,
                                                 bool& more_news) {
        auto what = claiming(wanted);
        const auto asked = steady_clock::now();
        const auto given = co_await ask(std::move(what));
        if (!given.value) co_return given.why;
        auto claimed = read_claim(*given.value, clocks_);
        if (!claimed) co_return claimed.error();
        if (auto why = take_news(given, answer.orders, &more_news)) co_return why;
        renewed(claimed->held, asked);
        for (auto& one : claimed->rows) {
            book_.add(one.row.id, one.token, steady_clock::now());
            if (one.record) answer.records.push_back(std::move(*one.record));
            if (one.probe) answer.probes.push_back(one.row.id);
            answer.rows.push_back(std::move(one.row));
        }
        give_back_strays(claimed->held);
        answer.incidents = std::move(claimed->incidents);
        answer.more = claimed->full;
        co_return std::nullopt;
    }

    void renewed(const tokens& held, steady_time asked) {
        lose(book_.renewed(held, asked));
        renewed_ = asked;
    }

    // Rows that were claimed for us by a call whose answer never came.
    void give_back_strays(const tokens& held) {
        for (const auto& [id, token] : held)
            if (!book_.token(id) && !outbox_.has_site(id) && !under_way_.contains(id))
                outbox_.give_back(id, token);
        write_soon();
    }

    // While something is held, and no longer.
    void keep_renewing() {
        if (std::exchange(renewing_, true)) return;
        asio::co_spawn(strand_, renew(shared_from_this()), asio::detached);
    }

    awaitable<void> renew(std::shared_ptr<member>) {
        milliseconds pause = settings_.lease / 3;
        auto from = renewed_;
        while (!ended_ && !book_.empty()) {
            renewal_.expires_at(from + pause);
            co_await renewal_.async_wait(quietly);
            if (ended_ || book_.empty()) break;
            if (renewed_ > from) { // by a claim
                from = renewed_;
                pause = settings_.lease / 3;
                continue;
            }
            from = steady_clock::now();
            const bool well = co_await renew_once();
            pause = well ? settings_.lease / 3 : std::max(settings_.lease / 12, shortest_renewal_pause);
        }
        renewing_ = false;
    }

    awaitable<bool> renew_once() {
        call what{"renew", {{"lease_ms", settings_.lease.count()}}};
        const auto asked = steady_clock::now();
        const auto given = co_await ask(std::move(what));
        if (!given.value) co_return false;
        const auto held = read_held(*given.value);
        if (!held) co_return false;
        renewed(*held, asked);
        co_return true;
    }

    awaitable<void> do_leave() {
        ended_ = true;
        write_timer_.cancel();
        renewal_.cancel();
        book_.lose_all();
        if (!life_) co_return;
        call what{"leave", {{"worker", worker_}}};
        const auto given = co_await make_call(settings_.project, client_, std::move(what));
        life_.reset();
        if (!given.value)
            log_.write(log_level::warning,
                       "what this daemon holds in the shared queue is given back by the end of its lease "
                       "alone: " +
                           given.why.detail);
    }

    // Memory

    awaitable<result<memories>> do_load() {
        const auto turn = co_await cursor_.take();
        if (auto why = co_await enter()) co_return std::move(*why);
        memories all;
        claim_answer known;
        const claim_demand nothing;
        for (bool more = true; more;)
            if (auto why = co_await claim_into(known, nothing, more)) co_return std::move(*why);
        all.orders = std::move(known.orders);
        all.incidents = std::move(known.incidents);
        all.servers = std::exchange(facts_, {});
        all.first_order_id = life_->number << number_bits | 1;
        co_return all;
    }

    awaitable<result<order_answer>> do_keep_order(order_record what) {
        const auto turn = co_await cursor_.take();
        if (auto why = co_await enter()) co_return std::move(*why);
        call keeping{"order", {}};
        keeping.arguments = {{"id", global_id(what.id)}, {"place", utf8_text(what.place)},
                             {"domain", what.domain},    {"registered", registered_domain(what.domain)},
                             {"record", nullptr},        {"seen", seen_}};
        const auto given = co_await ask(std::move(keeping));
        if (!given.value) co_return given.why;
        const auto kept = read_kept(*given.value);
        if (!kept) co_return kept.error();
        order_answer answer;
        answer.kept = *kept;
        if (!*kept)
            if (auto why = take_news(given, answer.news, nullptr)) co_return std::move(*why);
        co_return answer;
    }

    void write_soon() {
        if (ended_ || outbox_.empty() || std::exchange(write_planned_, true)) return;
        write_timer_.expires_after(write_within);
        asio::co_spawn(strand_, write_later(shared_from_this()), asio::detached);
    }

    awaitable<void> write_later(std::shared_ptr<member>) {
        co_await write_timer_.async_wait(quietly);
        write_planned_ = false;
        if (!ended_) (void)co_await write_all(); // what could not be written goes with the next claim
    }

    awaitable<void> do_flush() { (void)co_await write_all(); }

    // Until nothing is left, or something cannot be written.
    awaitable<std::optional<failure>> write_all() {
        const auto turn = co_await writing_.take();
        while (!outbox_.empty()) {
            auto some = outbox_.take();
            auto why = co_await write(some);
            if (why && why->code == errc::row_rejected) why = co_await write_each(some);
            if (!why) continue;
            outbox_.put_under(std::move(some));
            co_return why;
        }
        co_return std::nullopt;
    }

    awaitable<std::optional<failure>> write(const outbox::writes& some) {
        call what{"record", {{"writes", as_array(some)}}, true};
        for (const auto& [key, write] : some)
            if (const auto* id = write.if_contains("site_id")) under_way_.emplace(id->get_string());
        const auto given = co_await ask(std::move(what));
        under_way_.clear();
        if (given.value) co_return std::nullopt;
        co_return given.why;
    }

    // One that the database will never take must not keep back all others. Takes out of `all` what is done.
    awaitable<std::optional<failure>> write_each(outbox::writes& all) {
        while (!all.empty()) {
            outbox::writes one;
            one.insert(all.extract(all.begin()));
            auto why = co_await write(one);
            if (why && why->code != errc::row_rejected) {
                all.merge(one);
                co_return why;
            }
            if (why)
                log_.write(log_level::warning, "the shared queue does not take what was learned of the " +
                                                   one.begin()->first + ": it is forgotten (" + why->detail +
                                                   ")");
        }
        co_return std::nullopt;
    }

    // Outcomes

    call finishing(const site& as_read, const outcome& what, std::uint64_t token) const {
        json::object read{{"status_hosting", or_null(as_read.status_hosting)},
                          {"server_id", or_null(as_read.server_id)}};
        // An empty domain may have been read from null.
        if (!as_read.domain.empty()) read["domain"] = as_read.domain;
        call out{"finish", {}, true, false};
        out.arguments = {{"site_id", as_read.id},
                         {"token", token},
                         {"as_read", std::move(read)},
                         {"change", json::parse(supabase::changed_columns(what))},
                         {"done", what.what != outcome::kind::waiting}};
        return out;
    }

    // As the Hub's own report(), under the lease.
    awaitable<result<delivery>> do_report(site as_read, outcome what) {
        for (bool repeated = false;; repeated = true) {
            const auto token = book_.token(as_read.id);
            if (!token) co_return taken_over();
            auto finish = finishing(as_read, what, *token);
            const auto given = co_await ask(std::move(finish));
            failure why = given.why;
            if (given.value) {
                const auto ended = read_finish(*given.value);
                if (!ended) co_return ended.error();
                if (*ended == finish_result::row_changed) co_return delivery::row_changed;
                if (*ended == finish_result::written) co_return written(as_read.id, what);
                if (!repeated) co_return taken_over();
                why = taken_over(); // or else the first try was late, and ended the job
            } else if (!given.may_be_done) {
                co_return why;
            }
            auto now = co_await hub_.read(as_read.id);
            if (!now) co_return now.error();
            if (!*now) co_return delivery::row_changed;
            switch (compare(**now, as_read, what)) {
            case read_back::ours: co_return written(as_read.id, what);
            case read_back::changed: co_return delivery::row_changed;
            case read_back::as_read: break;
            }
            if (repeated) co_return why;
        }
    }

    // Waiting, the row stays ours.
    delivery written(const std::string& site_id, const outcome& what) {
        if (what.what != outcome::kind::waiting) book_.remove(site_id);
        return delivery::written;
    }

    static failure taken_over() { return {errc::lease_lost, "another daemon has taken this site over"}; }

    const asio::strand<asio::any_io_executor> strand_;
    const settings settings_;
    const std::string worker_;
    http::client& client_;
    supabase::hub& hub_;
    log& log_;

    book book_;
    outbox outbox_;
    clock_difference clocks_;
    std::optional<entrance> life_;
    std::set<std::uint64_t> own_lives_; // numbers
    std::uint64_t first_life_ = 0;
    std::int64_t seen_ = 0;           // of what others found out
    std::vector<server_facts> facts_; // of that, not yet told
    std::vector<std::string> lost_;   // rows, not yet told
    std::set<std::string> under_way_; // rows that a write is about
    turnstile entering_;
    turnstile cursor_; // for calls that move `seen_`
    turnstile writing_;
    asio::steady_timer write_timer_;
    asio::steady_timer renewal_;
    steady_time renewed_;
    bool write_planned_ = false;
    bool renewing_ = false;
    bool ended_ = false;
};

class owner final : public shared_queue {
public:
    explicit owner(std::shared_ptr<member> m)
        : member_(std::move(m)) {}
    owner(const owner&) = delete;
    owner& operator=(const owner&) = delete;
    ~owner() override { member_->end(); }

    claims& rows() override { return *member_; }
    memory& store() override { return *member_; }
    site_queue& queue() override { return *member_; }

private:
    std::shared_ptr<member> member_;
};

} // namespace

std::unique_ptr<shared_queue> make_shared_queue(asio::any_io_executor executor, settings s,
                                                http::client& over, supabase::hub& hub, log& l) {
    return std::make_unique<owner>(std::make_shared<member>(executor, std::move(s), over, hub, l));
}

} // namespace hosting::shared_queue
