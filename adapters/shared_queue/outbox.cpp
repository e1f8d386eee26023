#include "adapters/shared_queue/outbox.hpp"

#include <utility>

namespace hosting::shared_queue {
namespace {

constexpr std::size_t most_writes = 500; // of one call

json::object of_site(const char* what, const std::string& site_id, std::uint64_t token) {
    return {{"what", what}, {"site_id", site_id}, {"token", token}};
}

} // namespace

void outbox::keep(const site_record& what, std::uint64_t token, clock_difference clocks) {
    const auto theirs = [&](wall_time t) { return clocks.theirs(t); };
    json::object write = of_site("site", what.site_id, token);
    write["domain"] = utf8_text(what.domain);
    write["server_id"] = utf8_text(what.server_id);
    write["record"] = to_json(what, clocks);
    write["next_attempt"] = theirs(what.next_attempt);
    write["waiting_since"] = or_null(what.progress.waiting_since, theirs);
    write["announced"] = or_null(what.progress.announced, [](errc e) { return records::name_of(e); });
    writes_.insert_or_assign(site(what.site_id), std::move(write));
}

void outbox::give_back(const std::string& site_id, std::uint64_t token) {
    writes_.insert_or_assign(site(site_id), of_site("release", site_id, token));
}

void outbox::forget(const std::string& site_id, std::uint64_t token) {
    writes_.insert_or_assign(site(site_id), of_site("forget", site_id, token));
}

void outbox::end(const order_record& what, clock_difference clocks) {
    json::object write{{"what", "order_end"}, {"id", what.id}, {"outcome", records::name_of(what.end)}};
    write["not_before"] = or_null(what.not_before, [&](wall_time t) { return clocks.theirs(t); });
    writes_.insert_or_assign("order " + std::to_string(what.id), std::move(write));
}

void outbox::keep(const server_facts& what, clock_difference clocks) {
    json::object write{{"what", "server"}, {"place", utf8_text(what.place)}};
    write["facts"] = to_json(what, clocks);
    writes_.insert_or_assign("server " + what.place, std::move(write));
}

void outbox::keep(const incident_record& what, wall_time seen, clock_difference clocks) {
    json::object write{{"what", "incident"}, {"place", utf8_text(what.place)}};
    json::array& ids = write["server_ids"].emplace_array();
    for (const auto& id : what.server_ids)
        ids.emplace_back(utf8_text(id));
    write["cause"] = records::name_of(what.why.code);
    write["record"] = to_json(what, clocks);
    write["since"] = clocks.theirs(what.since);
    write["next_probe"] = clocks.theirs(what.next_probe);
    write["noted"] = clocks.theirs(seen);
    writes_.insert_or_assign("incident " + what.place, std::move(write));
}

void outbox::incident_is_over(const std::string& place, wall_time seen, clock_difference clocks) {
    json::object write{{"what", "incident_over"}, {"place", utf8_text(place)}};
    write["noted"] = clocks.theirs(seen);
    writes_.insert_or_assign("incident " + place, std::move(write));
}

outbox::writes outbox::take() {
    if (writes_.size() <= most_writes) return std::exchange(writes_, {});
    writes some;
    for (std::size_t i = 0; i < most_writes; ++i)
        some.insert(writes_.extract(writes_.begin()));
    return some;
}

json::array as_array(const outbox::writes& all) {
    json::array out;
    out.reserve(all.size());
    for (const auto& [key, write] : all)
        out.push_back(write);
    return out;
}

} // namespace hosting::shared_queue
