// What is remembered, in the time of the database's clock and of this machine's.
#pragma once

#include "core/records.hpp"

#include <optional>
#include <utility>

namespace simulation {

template<class Convert>
void convert(std::optional<hosting::wall_time>& when, Convert how) {
    if (when) when = how(*when);
}

template<class Convert>
hosting::site_record converted(hosting::site_record what, Convert how) {
    what.next_attempt = how(what.next_attempt);
    convert(what.progress.waiting_since, how);
    convert(what.progress.failed_since, how);
    convert(what.progress.first_refusal, how);
    convert(what.progress.analytics_since, how);
    return what;
}

template<class Convert>
hosting::order_record converted(hosting::order_record what, Convert how) {
    what.at = how(what.at);
    convert(what.not_before, how);
    return what;
}

template<class Convert>
hosting::server_facts converted(hosting::server_facts what, Convert how) {
    if (what.refused) what.refused->until = how(what.refused->until);
    return what;
}

template<class Convert>
hosting::incident_record converted(hosting::incident_record what, Convert how) {
    what.since = how(what.since);
    what.next_probe = how(what.next_probe);
    return what;
}

template<class Clock, class Record>
Record here(const Clock& time, Record what) {
    return converted(std::move(what), [&](hosting::wall_time t) { return time.here(t); });
}
template<class Clock, class Record>
Record there(const Clock& time, Record what) {
    return converted(std::move(what), [&](hosting::wall_time t) { return time.there(t); });
}

} // namespace simulation
