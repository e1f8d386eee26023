#include "adapters/supabase/answers.hpp"
#include "adapters/supabase/page_memory.hpp"
#include "adapters/supabase/requests.hpp"
#include "adapters/supabase/row_order.hpp"
#include "adapters/supabase/rows.hpp"
#include "adapters/supabase/schema.hpp"
#include "adapters/supabase/supabase.hpp"
#include "core/read_back.hpp"

#include <algorithm>
#include <atomic>
#include <functional>

namespace hosting::supabase {
namespace {

template<class T>
using awaitable = boost::asio::awaitable<T>;
using clock = std::chrono::steady_clock;
using make_request = std::function<http::request(columns)>;

constexpr std::size_t most_rows = 1'000'000; // of one table, in memory at a time
constexpr std::size_t most_of_a_domain = 100;

class postgrest_hub final : public hub {
public:
    postgrest_hub(settings with, http::client& over)
        : settings_(std::move(with))
        , client_(over) {
        set_page_size(settings_.page_size);
    }

    void set_page_size(std::size_t rows) override { page_size_ = std::max<std::size_t>(rows, 1); }

    awaitable<result<pending_rows>> pending() override {
        auto all = co_await all_pages<pending_site>("sites", pending_request, read_pending);
        if (!all) co_return all.error();
        pending_rows out;
        out.pages = all->pages;
        out.rows = std::move(all->rows);
        sort_oldest_first(out.rows);
        co_return out;
    }

    awaitable<result<pending_rows>> newest() override {
        const std::size_t limit = page_size_;
        make_request make = [&](columns known) { return newest_request(settings_, known, limit); };
        auto answer = co_await ask("sites", std::move(make));
        if (!answer) co_return answer.error();
        if (!is_success(*answer)) co_return explain_reading(*answer, "sites");
        auto rows = read_pending(answer->body);
        if (!rows) co_return rows.error();
        pending_rows out;
        out.complete = pages_.is_last(rows->size(), limit);
        out.rows = std::move(*rows);
        sort_oldest_first(out.rows);
        co_return out;
    }

    awaitable<result<std::optional<site>>> read(std::string site_id) override {
        make_request make = [&](columns known) { return site_request(settings_, known, site_id); };
        auto answer = co_await ask("sites", std::move(make));
        if (!answer) co_return answer.error();
        std::optional<site> none;
        if (is_malformed_value(*answer)) co_return none;
        if (!is_success(*answer)) co_return explain_reading(*answer, "sites");
        co_return read_site(answer->body);
    }

    awaitable<result<std::vector<site>>> of_domain(std::vector<std::string> spellings) override {
        make_request make = [&](columns known) {
            return domain_request(settings_, known, spellings, most_of_a_domain);
        };
        auto answer = co_await ask("sites", std::move(make));
        if (!answer) co_return answer.error();
        if (!is_success(*answer)) co_return explain_reading(*answer, "sites");
        co_return read_sites(answer->body);
    }

    awaitable<result<std::vector<server>>> servers() override {
        auto all = co_await all_pages<server>("servers", servers_request, read_servers);
        if (!all) co_return all.error();
        co_return std::move(all->rows);
    }

    awaitable<result<secret>> private_key(std::string server_id) override {
        make_request make = [&](columns) { return private_key_request(settings_, server_id); };
        auto answer = co_await ask("servers", std::move(make));
        if (!answer) co_return answer.error();
        if (is_malformed_value(*answer)) co_return no_such_server(server_id);
        if (!is_success(*answer)) co_return explain_reading(*answer, "servers");
        auto key = read_private_key(answer->body);
        if (!key) co_return key.error();
        if (!*key) co_return no_such_server(server_id);
        co_return std::move(**key);
    }

    awaitable<result<std::optional<credentials>>> service_credentials(std::string service) override {
        make_request make = [&](columns) { return credentials_request(settings_, service); };
        auto answer = co_await ask("infrastructure_credentials", std::move(make));
        if (!answer) co_return answer.error();
        std::optional<credentials> none;
        if (is_missing_table(*answer)) co_return none;
        if (!is_success(*answer)) co_return explain_reading(*answer, "infrastructure_credentials");
        co_return read_credentials(answer->body);
    }

    awaitable<result<delivery>> report(site as_read, outcome what) override {
        make_request update = [&](columns known) { return update_request(settings_, known, as_read, what); };
        for (bool repeated = false;; repeated = true) {
            bool lost = false;
            auto answer = co_await ask("sites", update, &lost);
            if (!answer && !lost) co_return answer.error();
            failure why = answer ? why_not_written(*answer) : answer.error();
            if (answer && is_success(*answer)) {
                auto changed = count_rows(answer->body);
                if (changed && *changed > 0) co_return delivery::written;
                if (!changed) why = changed.error();
            } else if (answer && !may_have_been_done(*answer)) {
                co_return why;
            }
            auto now = co_await read(as_read.id);
            if (!now) co_return now.error();
            if (!*now) co_return co_await not_there();
            switch (compare(**now, as_read, what)) {
            case read_back::ours: co_return delivery::written;
            case read_back::changed: co_return delivery::row_changed;
            case read_back::as_read: break;
            }
            if (repeated || !lost) co_return why;
        }
    }

private:
    // A request that is made again without each column the database turns out not to have. The answer may be
    // any; a failure means that there is none. `lost`: the request was sent, and no answer came.
    awaitable<result<http::response>> ask(std::string table, make_request make, bool* lost = nullptr) {
        for (;;) {
            columns known = schema_.known(clock::now());
            http::request request = make(known);
            auto answer = co_await client_.send(std::move(request));
            if (!answer) {
                if (lost) *lost = answer.error().what == http::transport_failure::kind::outcome_unknown;
                co_return explain(answer.error());
            }
            if (is_success(*answer) || !schema_.learn(table, *answer, known, clock::now()))
                co_return std::move(*answer);
        }
    }

    template<class Row>
    struct whole_table {
        std::vector<Row> rows;
        std::size_t pages = 0;
    };

    // Keyset pages, since the server may cut any page silently at its own max-rows.
    template<class Row>
    awaitable<result<whole_table<Row>>>
    all_pages(std::string table, http::request (*make_page)(const settings&, columns, const page&),
              result<std::vector<Row>> (*read_page)(std::string_view)) {
        whole_table<Row> all;
        page next;
        next.limit = page_size_;
        for (;;) {
            ++all.pages;
            make_request make = [&](columns known) { return make_page(settings_, known, next); };
            auto answer = co_await ask(table, std::move(make));
            if (!answer) co_return answer.error();
            if (!is_success(*answer)) co_return explain_reading(*answer, table);
            auto rows = read_page(answer->body);
            if (!rows) co_return rows.error();
            bool last = pages_.is_last(rows->size(), next.limit);
            if (rows->empty()) co_return all;
            if (rows->back().id == next.after_id) co_return no_progress(table);
            next.after_id = rows->back().id;
            all.rows.insert(all.rows.end(), std::move_iterator(rows->begin()),
                            std::move_iterator(rows->end()));
            if (last) co_return all;
            if (all.rows.size() >= most_rows) co_return no_progress(table);
        }
    }

    // A row that cannot be seen is deleted; or the key has lost its rights, and then no server is seen
    // either.
    awaitable<result<delivery>> not_there() {
        page first;
        first.limit = 1;
        make_request make = [&](columns known) { return servers_request(settings_, known, first); };
        auto answer = co_await ask("servers", std::move(make));
        if (!answer) co_return answer.error();
        if (!is_success(*answer)) co_return explain_reading(*answer, "servers");
        auto rows = read_servers(answer->body);
        if (!rows) co_return rows.error();
        if (!rows->empty()) co_return delivery::row_changed;
        co_return failure{errc::supabase_refused,
                          "neither the row nor any server can be seen any more: the key has lost its rights"};
    }

    static failure explain_reading(const http::response& answer, std::string_view table) {
        asked reading;
        reading.table = table;
        return explain(answer, reading, std::chrono::system_clock::now());
    }

    static failure no_such_server(const std::string& id) {
        return {errc::server_unknown, "the table servers has no row with the id " + id};
    }

    static failure no_progress(const std::string& table) {
        return {errc::supabase_unexpected,
                "the table " + table + " does not end: its pages repeat, or are too many"};
    }

    // For a row that is still as it was read, so that the condition of the update held.
    static failure why_not_written(const http::response& answer) {
        asked writing;
        writing.table = "sites";
        writing.writing = true;
        if (!is_success(answer)) return explain(answer, writing, std::chrono::system_clock::now());
        return {errc::supabase_refused,
                "writing to the table sites changes nothing, though the row is as it was "
                "read: the key may read there, but not write"};
    }

    settings settings_;
    std::atomic<std::size_t> page_size_{1};
    http::client& client_;
    schema_memory schema_;
    page_memory pages_;
};

} // namespace

std::unique_ptr<hub> make_hub(settings with, http::client& over) {
    return std::make_unique<postgrest_hub>(std::move(with), over);
}

} // namespace hosting::supabase
