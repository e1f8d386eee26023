#include "adapters/matomo/session.hpp"

#include "adapters/matomo/answers.hpp"

namespace hosting::matomo {
namespace {

template<class T>
using awaitable = boost::asio::awaitable<T>;
using std::chrono::steady_clock;

// About 21 bad tokens from one address within an hour lock it out. Four at a time, once the first was
// accepted, stay well below that when a token is withdrawn later; as do these, where nobody says so.
constexpr std::size_t calls_at_a_time = 4;
constexpr unsigned most_unproved_calls = 8;
constexpr unsigned internal_error = 500;
constexpr std::chrono::minutes credentials_age{10};
constexpr std::chrono::minutes credentials_age_without_use{1}; // while there are none, or refused ones
constexpr std::chrono::hours silence{1};
constexpr std::chrono::minutes longest_wait{2};

failure unreachable(const http::transport_failure& why) {
    return {errc::matomo_unreachable, "Matomo cannot be reached: " + why.detail};
}

failure busy() { return {errc::matomo_unreachable, "Matomo is too slow: too many calls wait for it"}; }

} // namespace

session::session(http::client& over, credentials_source source, timing when)
    : client_(over)
    , source_(std::move(source))
    , timing_(std::move(when))
    , calls_(std::make_shared<http::slots>(calls_at_a_time))
    , preparing_(std::make_shared<http::slots>(1)) {}

awaitable<result<http::response>> session::call(make_request make, bool* lost) {
    auto place = co_await calls_->take(steady_clock::now() + longest_wait);
    if (!place) co_return busy();
    auto at = co_await ready();
    if (!at) co_return at.error();
    if (++unproved_calls_ >= most_unproved_calls) proved_ = false;

    http::request request = make(*at);
    auto answer = co_await client_.send(std::move(request));
    if (!answer) {
        if (lost) *lost = answer.error().what == http::transport_failure::kind::outcome_unknown;
        co_return unreachable(answer.error());
    }
    if (answer->status == 401 || answer->status == 403) {
        failure why = read_super_user(*answer).error();
        bool still_ours = target_ && target_->token == at->token;
        if (why.code == errc::matomo_refused && still_ours) be_silent(why);
        co_return why;
    }
    // It may be a lockout: the next call finds out.
    if (answer->status == internal_error) proved_ = false;
    co_return std::move(*answer);
}

awaitable<result<target>> session::ready() {
    auto now = timing_.now();
    if (!is_fresh(now) || !target_ || !proved_) {
        auto place = co_await preparing_->take(steady_clock::now() + longest_wait);
        if (!place) co_return busy();
        now = timing_.now();
        if (!is_fresh(now)) {
            auto failed = co_await ask_source();
            if (failed) co_return *failed;
        }
        if (target_ && !proved_ && !is_silent(now)) {
            auto failed = co_await prove();
            if (failed) co_return *failed;
        }
    }
    if (!target_) co_return refusal_;
    if (is_silent(now)) co_return refusal_;
    co_return *target_;
}

bool session::is_fresh(time_point now) const {
    if (!asked_at_) return false;
    return now - *asked_at_ < (proved_ ? credentials_age : credentials_age_without_use);
}

// nullopt: what is known is up to date, or still good enough.
awaitable<std::optional<failure>> session::ask_source() {
    auto got = co_await source_();
    if (!got) {
        if (target_) {
            asked_at_ = timing_.now();
            co_return std::nullopt;
        }
        failure why = got.error();
        why.code = errc::matomo_unreachable;
        why.detail = "Matomo's credentials cannot be read: " + why.detail;
        co_return why;
    }
    asked_at_ = timing_.now();
    bool same = *got && given_ && (*got)->url == given_->url && (*got)->token == given_->token;
    if (same) co_return std::nullopt;

    given_ = std::move(*got);
    target_.reset();
    proved_ = false;
    silent_until_ = {};
    if (!given_ || given_->url.empty() || given_->token.empty()) {
        refusal_.code = errc::matomo_not_configured;
        refusal_.detail =
            "neither the configuration nor the table infrastructure_credentials has a URL and a token "
            "for Matomo";
        co_return std::nullopt;
    }
    auto api = api_url(given_->url);
    if (!api) {
        refusal_ = api.error();
        co_return std::nullopt;
    }
    target_.emplace();
    target_->api = std::move(*api);
    target_->token = given_->token;
    co_return std::nullopt;
}

awaitable<std::optional<failure>> session::prove() {
    http::request request = super_user_request(*target_);
    auto answer = co_await client_.send(std::move(request));
    if (!answer) co_return unreachable(answer.error());
    if (answer->status == internal_error && co_await serves_others()) {
        failure locked_out{errc::matomo_refused,
                           "Matomo answers everybody but us (500): after too many bad tokens it has locked "
                           "this address out",
                           std::nullopt};
        be_silent(locked_out);
        co_return locked_out;
    }
    auto allowed = read_super_user(*answer);
    if (!allowed) {
        if (allowed.error().code != errc::matomo_refused) co_return allowed.error();
        be_silent(allowed.error());
        co_return allowed.error();
    }
    if (!*allowed) {
        failure why;
        why.code = errc::matomo_refused;
        why.detail = "Matomo does not know the token, or its user has no super user access";
        be_silent(why);
        co_return why;
    }
    proved_ = true;
    unproved_calls_ = 0;
    co_return std::nullopt;
}

// A lockout is of tokens, good ones too; who shows none is answered. A Matomo that is broken is so for all.
awaitable<bool> session::serves_others() {
    target anybody;
    anybody.api = target_->api;
    http::request request = super_user_request(anybody);
    auto answer = co_await client_.send(std::move(request));
    co_return answer&& read_super_user(*answer).has_value();
}

void session::be_silent(const failure& why) {
    silent_until_ = timing_.now() + silence;
    asked_at_.reset();
    proved_ = false;
    refusal_ = why;
}

} // namespace hosting::matomo
