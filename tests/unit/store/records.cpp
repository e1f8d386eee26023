#include "tests/unit/store/records.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace hosting::test {

using std::chrono::milliseconds;

wall_time now_ms() { return std::chrono::floor<milliseconds>(std::chrono::system_clock::now()); }

site_record site_of(std::string id, unsigned snoozes) {
    site_record s;
    s.domain = id + ".example";
    s.site_id = std::move(id);
    s.server_id = "s1";
    s.next_attempt = now_ms();
    s.progress.snoozes = snoozes;
    return s;
}

order_record order_of(std::uint64_t id, order_end end) {
    return {id, "root@192.0.2.1:22", "a.example", now_ms(), end, std::nullopt};
}

server_facts facts_of(std::string place) {
    server_facts s;
    s.place = std::move(place);
    s.worked_key = "digest";
    return s;
}

incident_record incident_of(std::string place, unsigned probes) {
    return {std::move(place), {errc::ssh_unreachable, "no route"}, now_ms(), probes, now_ms()};
}

std::uint64_t random_records::below(std::uint64_t limit) { return dice_() % limit; }

template<class T>
std::optional<T> random_records::perhaps(T value) {
    if (below(2) == 0) return std::nullopt;
    return value;
}

template<class Enum>
Enum random_records::any(std::size_t count) {
    return static_cast<Enum>(below(count));
}

std::string random_records::text() {
    std::string out;
    const auto size = below(4) == 0 ? 0 : below(300);
    for (std::uint64_t i = 0; i < size; ++i)
        out += texts_ == texts::bytes ? std::string(1, static_cast<char>(below(256))) : character();
    return out;
}

std::string random_records::character() {
    constexpr std::array others{"\u00e4", "\u20ac", "\ufffd", "\uffff", "\U0001f512", "\u2028", "\u0085"};
    if (below(4) == 0) return others.at(below(others.size()));
    return std::string(1, static_cast<char>(1 + below(127)));
}

wall_time random_records::time() {
    if (below(10) == 0) return wall_time::max();
    return wall_time(milliseconds(static_cast<std::int64_t>(below(4'000'000'000'000)) - 1'000'000'000'000));
}

failure random_records::cause() {
    return {any<errc>(static_cast<std::size_t>(errc::internal) + 1), text(), perhaps(time())};
}

hosting::site random_records::row() {
    return {text(),
            text(),
            perhaps(text()),
            below(2) == 0,
            perhaps(text()),
            perhaps(text()),
            perhaps(static_cast<std::int64_t>(dice_())),
            perhaps(text()),
            perhaps(text())};
}

site_record random_records::site(std::string id) {
    constexpr std::uint64_t unsigneds = std::uint64_t{std::numeric_limits<unsigned>::max()} + 1;
    site_record s{std::move(id), text(), text(), time(), {}};
    auto& p = s.progress;
    for (auto& count : p.attempts)
        count = static_cast<unsigned>(below(unsigneds));
    p.snoozes = static_cast<unsigned>(below(unsigneds));
    p.reply_lost = perhaps(any<stage>(stage_count));
    p.uncertain_orders = static_cast<unsigned>(below(unsigneds));
    p.waiting_since = perhaps(time());
    p.failed_since = perhaps(time());
    p.first_refusal = perhaps(time());
    p.analytics_since = perhaps(time());
    p.document_root = perhaps(text());
    p.undelivered = perhaps(undelivered_outcome{
        {any<outcome::kind>(3), perhaps(text()), perhaps(static_cast<std::int64_t>(dice_())), text()},
        row()});
    p.at = any<stage>(stage_count);
    if (below(2) == 0) p.last = cause();
    p.announced = perhaps(any<errc>(static_cast<std::size_t>(errc::internal) + 1));
    return s;
}

order_record random_records::order(std::uint64_t id) {
    const auto age = milliseconds(below(7 * 24 * 3600 * 1000ULL));
    return {id, text(), text(), now_ms() - age, any<order_end>(6), perhaps(time())};
}

server_facts random_records::facts(std::string place) {
    server_facts s{std::move(place), text(), below(2) == 0, std::nullopt};
    s.refused = perhaps(server_facts::refusal{cause(), text(), time()});
    return s;
}

incident_record random_records::incident(std::string place) {
    return {std::move(place), cause(), time(), static_cast<unsigned>(below(1'000)), time()};
}

void sort_by_key(memories& m) {
    std::ranges::sort(m.sites, {}, &site_record::site_id);
    std::ranges::sort(m.orders, {}, &order_record::id);
    std::ranges::sort(m.servers, {}, &server_facts::place);
    std::ranges::sort(m.incidents, {}, &incident_record::place);
}

} // namespace hosting::test
