#include "tests/simulation/ports/queue_port.hpp"

#include "core/read_back.hpp"

#include <algorithm>

namespace simulation {

using hosting::delivery;
using hosting::errc;
using hosting::failure;
using hosting::outcome;
using hosting::pending_rows;
using hosting::pending_site;
using hosting::result;
using hosting::secret;
using hosting::server;
using hosting::site;
using hosting::stage;

namespace {

constexpr auto request_timeout = supabase_link::request_timeout;

failure unreachable(const char* how) { return supabase_link::unreachable(how); }

failure taken_over() { return {errc::lease_lost, "another daemon has taken the site over"}; }

std::set<std::string> ids_of(const std::vector<pending_site>& rows) {
    std::set<std::string> ids;
    for (const auto& r : rows)
        ids.insert(r.id);
    return ids;
}

} // namespace

asio::awaitable<result<pending_rows>> queue_port::pending() {
    const auto unseen = world_.stories.unseen();
    pending_rows all;
    all.pages = 0;
    const std::size_t limit = world_.settings.page_size;
    std::string after;
    for (bool last = false; !last;) {
        ++all.pages;
        std::function<std::vector<pending_site>()> read = [&w = world_, after, limit] {
            return w.rows.page(after, std::min(limit, w.settings.max_rows));
        };
        const way how = link_.usual_way();
        auto page = co_await link_.request(std::move(read), how);
        if (!page) co_return page.error();
        last = page->empty() || (page->size() < limit && page->size() < largest_page_);
        largest_page_ = std::max(largest_page_, page->size());
        if (page->empty()) break;
        after = page->back().id;
        std::ranges::move(*page, std::back_inserter(all.rows));
    }
    std::ranges::sort(all.rows, {}, [](const pending_site& r) { return std::stoull(r.created_at); });
    world_.now.log.mix(all.rows.size());
    if (unseen.empty()) co_return all;
    const auto there = ids_of(all.rows);
    for (const auto& id : unseen)
        if (!there.contains(id)) world_.stories.seen_by_poll(id);
    co_return all;
}

asio::awaitable<result<pending_rows>> queue_port::newest() {
    const auto unseen = world_.stories.unseen();
    const std::size_t limit = world_.settings.page_size;
    std::function<std::vector<pending_site>()> read = [&w = world_, limit] {
        return w.rows.newest(std::min(limit, w.settings.max_rows));
    };
    const way how = link_.usual_way();
    auto page = co_await link_.request(std::move(read), how);
    if (!page) co_return page.error();
    pending_rows out;
    out.complete = page->empty() || (page->size() < limit && page->size() < largest_page_);
    largest_page_ = std::max(largest_page_, page->size());
    out.rows = std::move(*page);
    std::ranges::reverse(out.rows);
    world_.now.log.mix(out.rows.size());
    if (!out.complete || unseen.empty()) co_return out;
    const auto there = ids_of(out.rows);
    for (const auto& id : unseen)
        if (!there.contains(id)) world_.stories.seen_by_poll(id);
    co_return out;
}

asio::awaitable<result<std::optional<site>>> queue_port::read(std::string id) {
    world_.stories.touched(id);
    std::function<std::optional<site>()> look = [&w = world_, id] {
        const auto* row = w.rows.find(id);
        w.stories.row_read(id);
        return row ? std::optional(*row) : std::nullopt;
    };
    const way how = link_.usual_way();
    auto row = co_await link_.request(std::move(look), how);
    world_.stories.touched(id);
    if (row && (!*row || (*row)->status_hosting != "pending")) world_.stories.seen_done(id);
    co_return row;
}

asio::awaitable<result<std::vector<server>>> queue_port::servers() {
    std::function<std::vector<server>()> look = [&w = world_] {
        std::vector<server> all;
        for (const auto& s : w.rows.servers)
            all.push_back(s.is);
        return all;
    };
    const way how = link_.usual_way();
    auto all = co_await link_.request(std::move(look), how);
    if (!all) co_return all;
    paused_.clear();
    for (const auto& s : *all)
        if (!s.active) paused_.insert(s.id);
    co_return all;
}

asio::awaitable<result<secret>> queue_port::private_key(std::string id) {
    std::function<std::optional<std::string>()> look = [&w = world_, id]() -> std::optional<std::string> {
        for (const auto& s : w.rows.servers)
            if (s.is.id == id) return s.key;
        return std::nullopt;
    };
    const way how = link_.usual_way();
    auto key = co_await link_.request(std::move(look), how);
    if (!key) co_return key.error();
    if (!*key) co_return failure{errc::server_unknown, "the table servers has no row with this id"};
    co_return secret(std::move(**key));
}

// What strikes a call of the stage report is its first PATCH's fate.
asio::awaitable<result<delivery>> queue_port::report(site as_read, outcome what) {
    const std::string id = as_read.id;
    world_.stories.touched(id);
    const auto* row = world_.rows.find(id);
    const auto* place = row ? world_.rows.server_of(*row) : nullptr;
    const std::string address = place ? place->is.address : std::string();
    const bool final_one = what.what != outcome::kind::waiting;
    const begun_call c(world_, clock_.daemon(), stage::report, id, address, final_one);
    auto done = co_await patch(c, std::move(as_read), std::move(what));
    world_.stories.touched(id);
    if (book_ && final_one && done && *done == delivery::written) book_->forget(id);
    if (done && (final_one || *done == delivery::row_changed)) world_.stories.seen_done(id);
    co_return done;
}

way queue_port::way_of(std::optional<fault> fate, double where) {
    way how = link_.usual_way();
    if (fate == fault::lost_before) how.arrives = false;
    if (fate == fault::lost_after) how.returns = false;
    if (fate == fault::overrun) how.there = request_timeout + milliseconds(static_cast<int>(8'000 * where));
    if (fate == fault::slow) how.there = request_timeout * 8 / 10;
    return how;
}

// A conditional PATCH; where the rows are shared, the function that asks for the lease, too. Empty: there is
// none any more.
std::function<queue_port::updated()> queue_port::update_of(const site& as_read, const outcome& what,
                                                           bool not_done, call_ptr at) {
    if (!book_)
        return [&w = world_, as_read, what, not_done, at = std::move(at)] {
            const bool fits = !not_done && w.rows.update(as_read, what);
            at->is_done();
            return fits ? updated::fits : updated::fits_not;
        };
    const auto token = book_->token(as_read.id);
    if (!token) return {};
    return [&w = world_, as_read, what, not_done, at = std::move(at), worker = book_->worker(),
            token = *token] {
        using enum shared_queue::finished;
        auto done = row_changed;
        if (!not_done) done = w.queue.finish(worker, token, as_read, what);
        at->is_done();
        return done == written ? updated::fits : done == lease_lost ? updated::lease_lost : updated::fits_not;
    };
}

asio::awaitable<result<delivery>> queue_port::patch(const begun_call& c, site as_read, outcome what) {
    const std::string id = as_read.id;
    for (bool repeated = false;; repeated = true) {
        const auto fate = std::exchange(c->fate, std::nullopt);
        const way how = way_of(fate, c->where);
        if (fate == fault::unreachable || fate == fault::no_room || fate == fault::refused) {
            co_await clock_.pass(how.there);
            if (fate == fault::refused)
                co_return failure{errc::row_rejected, "the database refuses the values"};
            co_return unreachable(fate == fault::no_room ? "429" : "connection refused");
        }
        bool lost = false;
        const bool not_done = fate == fault::fails || (fate == fault::odd_answer && c->where < 0.5);
        auto update = update_of(as_read, what, not_done, c.get());
        if (!update) co_return taken_over();
        const auto done = co_await link_.request(std::move(update), how, &lost);
        if (done && *done == updated::lease_lost) co_return taken_over();
        const auto fits = done ? result<bool>(*done == updated::fits) : result<bool>(done.error());
        if (!fits && !lost) co_return fits.error();
        failure why = fits ? failure{errc::supabase_refused, "writing changes nothing"} : fits.error();
        if (fate == fault::fails) why = unreachable("500");
        if (fate == fault::odd_answer) why = {errc::supabase_unexpected, "an answer of the wrong shape"};
        const bool plain = fate != fault::fails && fate != fault::odd_answer;
        if (fits && *fits && plain) co_return delivery::written;
        std::function<std::optional<site>()> look = [&w = world_, id] {
            const auto* row = w.rows.find(id);
            return row ? std::optional(*row) : std::nullopt;
        };
        const way again = link_.usual_way();
        const auto now = co_await link_.request(std::move(look), again);
        if (!now) co_return now.error();
        if (!*now) co_return delivery::row_changed;
        switch (hosting::compare(**now, as_read, what)) {
        case hosting::read_back::ours: co_return delivery::written;
        case hosting::read_back::changed: co_return delivery::row_changed;
        case hosting::read_back::as_read: break;
        }
        if (repeated || !lost) co_return why;
    }
}

} // namespace simulation
