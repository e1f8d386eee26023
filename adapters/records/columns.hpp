// The columns of each record, listed once: `columns(row, record)` names, binds or reads them, as `row` does.
#pragma once

#include "core/records.hpp"

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace hosting::records {

struct failure_columns {
    const char* code;
    const char* detail;
    const char* not_before;
};

template<class Row>
void optional_failure(Row& row, failure_columns called, std::optional<failure>& f) {
    std::optional<errc> code;
    std::optional<std::string> detail;
    std::optional<wall_time> not_before;
    if (f) {
        code = f->code;
        detail = f->detail;
        not_before = f->not_before;
    }
    row(called.code, code);
    row(called.detail, detail);
    row(called.not_before, not_before);
    f.reset();
    if (code) f = failure{*code, detail.value_or(""), not_before};
}

// No failure at all is written as none.
template<class Row>
void plain_failure(Row& row, failure_columns called, failure& f) {
    std::optional<failure> some;
    if (f != failure()) some = f;
    optional_failure(row, called, some);
    f = some.value_or(failure());
}

// Of a row as it was read; nothing of it without an outcome.
template<class Row>
void optional_row(Row& row, bool present, site& s) {
    std::optional<std::string> id, domain;
    if (present) {
        id = s.id;
        domain = s.domain;
    }
    row("as_read_id", id);
    row("as_read_domain", domain);
    row("as_read_server_id", s.server_id);
    row("as_read_has_server_column", s.has_server_column);
    row("as_read_status_dns", s.status_dns);
    row("as_read_status_hosting", s.status_hosting);
    row("as_read_matomo_site_id", s.matomo_site_id);
    row("as_read_error_message", s.error_message);
    row("as_read_document_root", s.document_root);
    s.id = id.value_or("");
    s.domain = domain.value_or("");
}

template<class Row>
void optional_outcome(Row& row, std::optional<undelivered_outcome>& o) {
    std::optional<outcome::kind> what;
    std::optional<std::string> message;
    undelivered_outcome whole = o.value_or(undelivered_outcome());
    outcome& all = whole.what;
    if (o) {
        what = all.what;
        message = all.error_message;
    }
    row("outcome", what);
    row("outcome_document_root", all.document_root);
    row("outcome_matomo_site_id", all.matomo_site_id);
    row("outcome_error_message", message);
    optional_row(row, o.has_value(), whole.as_read);
    o.reset();
    if (!what) return;
    all.what = *what;
    all.error_message = message.value_or("");
    o = std::move(whole);
}

template<class Row>
void columns(Row& row, site_record& s) {
    constexpr std::array<const char*, stage_count> attempts{"site_attempts", "certificate_attempts",
                                                            "analytics_attempts", "report_attempts"};
    auto& p = s.progress;
    row("site_id", s.site_id);
    row("domain", s.domain);
    row("server_id", s.server_id);
    row("next_attempt_ms", s.next_attempt);
    for (std::size_t i = 0; i < stage_count; ++i)
        row(attempts[i], p.attempts[i]);
    row("snoozes", p.snoozes);
    row("reply_lost", p.reply_lost);
    row("uncertain_orders", p.uncertain_orders);
    row("waiting_since_ms", p.waiting_since);
    row("failed_since_ms", p.failed_since);
    row("first_refusal_ms", p.first_refusal);
    row("analytics_since_ms", p.analytics_since);
    row("document_root", p.document_root);
    optional_outcome(row, p.undelivered);
    row("last_stage", p.at);
    plain_failure(row, {"last_failure", "last_detail", "last_not_before_ms"}, p.last);
    row("announced", p.announced);
}

template<class Row>
void columns(Row& row, order_record& o) {
    row("id", o.id);
    row("place", o.place);
    row("domain", o.domain);
    row("at_ms", o.at);
    row("ended", o.end);
    row("not_before_ms", o.not_before);
}

template<class Row>
void columns(Row& row, server_facts& s) {
    auto refused = s.refused.value_or(server_facts::refusal());
    std::optional<failure> why;
    std::optional<std::string> key;
    std::optional<wall_time> until;
    if (s.refused) {
        why = refused.why;
        key = refused.key;
        until = refused.until;
    }
    row("place", s.place);
    row("worked_key", s.worked_key);
    row("panel_worked", s.panel_worked);
    optional_failure(row, {"refused", "refused_detail", "refused_not_before_ms"}, why);
    row("refused_key", key);
    row("refused_until_ms", until);
    s.refused.reset();
    if (why) s.refused = {*why, key.value_or(""), until.value_or(wall_time())};
}

template<class Row>
void columns(Row& row, incident_record& i) {
    std::optional<failure> why = i.why;
    row("place", i.place);
    optional_failure(row, {"failure", "detail", "not_before_ms"}, why);
    row("since_ms", i.since);
    row("probes", i.probes);
    row("next_probe_ms", i.next_probe);
    i.why = why.value_or(failure());
}

} // namespace hosting::records
