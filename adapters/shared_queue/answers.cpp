#include "adapters/shared_queue/answers.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace hosting::shared_queue {
namespace {

failure odd(const std::string& what) {
    return {errc::supabase_unexpected, "the shared queue did not answer as expected: " + what};
}

template<class T>
std::optional<T> whole(const json::value& value) {
    if (value.is_int64() && std::in_range<T>(value.get_int64())) return static_cast<T>(value.get_int64());
    if (value.is_uint64() && std::in_range<T>(value.get_uint64())) return static_cast<T>(value.get_uint64());
    return std::nullopt;
}

// One object, whose members can be asked for. The first oddity is kept.
class members {
public:
    explicit members(const json::object& from)
        : from_(from) {}

    std::string text(std::string_view name) {
        const json::value* found = from_.if_contains(name);
        if (found && found->is_string()) return std::string(found->get_string());
        complain(name);
        return {};
    }

    // By which something is known: never empty.
    std::string key(std::string_view name) {
        auto out = text(name);
        if (out.empty()) complain(name);
        return out;
    }

    // Null, or not there.
    std::string text_or_none(std::string_view name) { return has(name) ? text(name) : std::string(); }

    template<class T>
    T number(std::string_view name) {
        const json::value* found = from_.if_contains(name);
        if (found)
            if (const auto n = whole<T>(*found)) return *n;
        complain(name);
        return {};
    }

    bool truth(std::string_view name) {
        const json::value* found = from_.if_contains(name);
        if (found && found->is_bool()) return found->get_bool();
        complain(name);
        return false;
    }

    const json::object& object(std::string_view name) {
        static const json::object none;
        const json::value* found = from_.if_contains(name);
        if (found && found->is_object()) return found->get_object();
        complain(name);
        return none;
    }

    // Calls `read` with each object of a list.
    template<class Read>
    void each(std::string_view name, const Read& read) {
        const json::value* found = from_.if_contains(name);
        if (!found || !found->is_array()) return complain(name);
        for (const auto& one : found->get_array()) {
            if (!one.is_object()) return complain(name);
            members inside(one.get_object());
            read(inside);
            if (inside.odd_) return complain(std::string(name) + '.' + *inside.odd_);
        }
    }

    [[nodiscard]] bool has(std::string_view name) const {
        const json::value* found = from_.if_contains(name);
        return found && !found->is_null();
    }

    [[nodiscard]] tokens all_tokens(std::string_view name) {
        tokens out;
        for (const auto& [id, token] : object(name)) {
            const auto n = whole<std::uint64_t>(token);
            if (!n) {
                complain(name);
                break;
            }
            out.emplace(std::string(id), *n);
        }
        return out;
    }

    template<class T>
    result<T> finished(T value) const {
        if (odd_) return odd("its " + *odd_ + " is missing, or of another kind");
        return value;
    }

private:
    void complain(std::string_view name) {
        if (!odd_) odd_ = std::string(name);
    }

    const json::object& from_;
    std::optional<std::string> odd_;
};

// Of a row on a server with an incident, since when it has waited; its record may not know.
std::optional<site_record> record_of(members& row, const pending_site& site, clock_difference clocks) {
    std::optional<site_record> record;
    if (row.has("record")) record = from_json<site_record>(row.object("record"), clocks);
    if (!record && !row.has("waiting_since")) return std::nullopt;
    if (!record) record.emplace();
    record->site_id = site.id;
    record->domain = site.domain;
    record->server_id = site.server_id;
    if (row.has("waiting_since") && !record->progress.waiting_since)
        record->progress.waiting_since = clocks.ours(row.number<std::int64_t>("waiting_since"));
    return record;
}

incident_record incident_of(members& incident, clock_difference clocks) {
    auto known = from_json<incident_record>(incident.object("record"), clocks);
    known.place = incident.key("place");
    known.since = clocks.ours(incident.number<std::int64_t>("since"));
    known.next_probe = clocks.ours(incident.number<std::int64_t>("next_probe"));
    return known;
}

server_facts facts_of(members& server, clock_difference clocks) {
    auto known = from_json<server_facts>(server.object("facts"), clocks);
    known.place = server.key("place");
    return known;
}

order_record order_of(members& order, clock_difference clocks) {
    order_record known;
    known.id = order.number<std::uint64_t>("id");
    known.place = order.key("place");
    known.domain = order.text("domain");
    known.at = clocks.ours(order.number<std::int64_t>("at"));
    if (order.has("outcome"))
        known.end = records::named<order_end>(order.text("outcome")).value_or(order_end::unknown);
    if (order.has("not_before")) known.not_before = clocks.ours(order.number<std::int64_t>("not_before"));
    return known;
}

} // namespace

result<json::object> read_object(std::string_view body, std::string_view function) {
    boost::system::error_code ec;
    json::value parsed = json::parse(body, ec);
    if (ec || !parsed.is_object()) return odd(std::string(function) + " gave no JSON object");
    return std::move(parsed.get_object());
}

result<clock_difference> clocks_of(const json::object& answer, wall_time ours) {
    members all(answer);
    const auto theirs = all.number<std::int64_t>("now");
    return all.finished(clock_difference::between(theirs, ours));
}

result<entrance> read_entrance(const json::object& answer) {
    members all(answer);
    entrance out{all.key("queue"), all.number<std::uint64_t>("number")};
    return all.finished(std::move(out));
}

result<news> read_news(const json::object& answer, clock_difference clocks) {
    members all(answer);
    news out;
    out.seen = all.number<std::int64_t>("seen");
    out.more = all.truth("more");
    all.each("orders", [&](members& order) { out.orders.push_back(order_of(order, clocks)); });
    all.each("servers", [&](members& server) { out.servers.push_back(facts_of(server, clocks)); });
    return all.finished(std::move(out));
}

result<claim_reply> read_claim(const json::object& answer, clock_difference clocks) {
    members all(answer);
    claim_reply out;
    out.full = all.truth("full");
    out.held = all.all_tokens("held");
    all.each("incidents", [&](members& one) { out.incidents.push_back(incident_of(one, clocks)); });
    all.each("rows", [&](members& one) {
        claimed_row claimed;
        claimed.row.id = one.key("id");
        claimed.row.domain = one.text_or_none("domain");
        claimed.row.server_id = one.text_or_none("server_id");
        claimed.token = one.number<std::uint64_t>("token");
        claimed.probe = one.truth("probe");
        claimed.record = record_of(one, claimed.row, clocks);
        out.rows.push_back(std::move(claimed));
    });
    return all.finished(std::move(out));
}

result<tokens> read_held(const json::object& answer) {
    members all(answer);
    auto held = all.all_tokens("held");
    return all.finished(std::move(held));
}

result<bool> read_kept(const json::object& answer) {
    members all(answer);
    const bool kept = all.truth("kept");
    return all.finished(kept);
}

result<finish_result> read_finish(const json::object& answer) {
    members all(answer);
    const auto text = all.text("result");
    if (text == "written") return finish_result::written;
    if (text == "row_changed") return finish_result::row_changed;
    if (text == "lease_lost") return finish_result::lease_lost;
    return odd("finish gave another result than there are");
}

result<work_view> read_work(const json::object& answer) {
    members all(answer);
    work_view out;
    out.version = all.number<int>("version");
    all.each("workers", [&](members& one) {
        out.workers.push_back({one.text("worker"), one.text("host"), one.number<std::size_t>("held")});
    });
    return all.finished(std::move(out));
}

result<job_view> read_job(const json::object& answer, clock_difference clocks) {
    members all(answer);
    job_view out;
    all.each("incidents", [&](members& one) { out.incidents.push_back(incident_of(one, clocks)); });
    all.each("servers", [&](members& one) { out.servers.push_back(facts_of(one, clocks)); });
    all.each("orders", [&](members& one) { out.orders.push_back(order_of(one, clocks)); });
    const auto work = read_work(answer);
    if (!work) return work.error();
    if (!all.has("site")) return all.finished(std::move(out));
    members job(all.object("site"));
    site_record record;
    if (job.has("record")) record = from_json<site_record>(job.object("record"), clocks);
    record.site_id = job.key("site_id");
    record.domain = job.text("domain");
    record.server_id = job.text_or_none("server_id");
    if (job.has("next_attempt")) record.next_attempt = clocks.ours(job.number<std::int64_t>("next_attempt"));
    out.worker = job.text_or_none("worker");
    for (const auto& each : work->workers)
        if (each.worker == out.worker) out.host = each.host;
    out.record = std::move(record);
    auto told = job.finished(std::move(out));
    return told ? all.finished(std::move(*told)) : std::move(told);
}

} // namespace hosting::shared_queue
