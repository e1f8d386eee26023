#include "adapters/matomo/matomo.hpp"

#include "adapters/matomo/answers.hpp"
#include "adapters/matomo/session.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>

namespace hosting::matomo {
namespace {

namespace asio = boost::asio;
template<class T>
using awaitable = asio::awaitable<T>;
using site_id = std::int64_t;
using time_point = std::chrono::steady_clock::time_point;

constexpr std::size_t most_hits = 10;           // of one look-up that are confirmed
constexpr std::size_t longest_name = 90;        // Matomo cuts names there
constexpr std::size_t most_named = 1'000;       // of one look-up by name
constexpr int most_adds = 2;                    // of one call
constexpr std::chrono::minutes longest_turn{5}; // of the calls before us about the same domain
constexpr std::chrono::minutes longest_patience{1};

// Looks up and adds sites. Everything runs on the strand; calls keep it alive.
class register_of_sites {
public:
    register_of_sites(asio::any_io_executor executor, http::client& over, credentials_source source,
                      timing when)
        : strand(asio::make_strand(executor))
        , now_(when.now)
        , patience_(when.patience_after_loss)
        , session_(over, std::move(source), std::move(when)) {}

    static awaitable<result<std::optional<site_id>>> find(std::shared_ptr<register_of_sites> self,
                                                          std::string domain) {
        co_return co_await self->find_by_url(domain);
    }

    // One call at a time for each domain: Matomo itself makes a site of every addSite.
    static awaitable<result<site_id>> ensure(std::shared_ptr<register_of_sites> self, std::string domain) {
        turn own(*self, domain);
        auto place = co_await own.at->take(std::chrono::steady_clock::now() + longest_turn);
        if (!place) co_return failed(errc::matomo_unreachable, "Matomo is too slow");
        co_return co_await self->find_or_add(domain);
    }

    const asio::strand<asio::any_io_executor> strand;

private:
    // The queue of one domain, which exists as long as someone stands in it.
    struct turn {
        turn(register_of_sites& of, std::string name)
            : all(of.turns_)
            , domain(std::move(name)) {
            auto& known = all[domain];
            if (!known) known = std::make_shared<http::slots>(1);
            at = known;
        }
        turn(const turn&) = delete;
        turn& operator=(const turn&) = delete;
        ~turn() {
            if (at.use_count() == 2) all.erase(domain);
        }
        std::map<std::string, std::shared_ptr<http::slots>>& all;
        std::string domain;
        std::shared_ptr<http::slots> at;
    };

    static failure failed(errc code, const char* what) { return {code, what}; }

    awaitable<result<std::optional<site_id>>> find_by_url(std::string domain) {
        session::make_request look_up = [&](const target& at) { return site_ids_request(at, domain); };
        auto answer = co_await session_.call(std::move(look_up));
        if (!answer) co_return answer.error();
        auto ids = read_site_ids(*answer);
        if (!ids) co_return ids.error();
        if (!ids->empty()) session_.accepted();
        std::optional<site_id> none;
        for (std::size_t i = 0; i < ids->size() && i < most_hits; ++i) {
            auto urls = co_await urls_of(ids->at(i));
            if (!urls) co_return urls.error();
            if (is_site_of(*urls, domain)) co_return std::optional<site_id>(ids->at(i));
        }
        // Adding here could make a second site of one that stands further behind.
        if (ids->size() > most_hits)
            co_return failed(errc::matomo_unexpected,
                             "Matomo finds many sites for the domain, but none is its own");
        co_return none;
    }

    awaitable<result<std::vector<std::string>>> urls_of(site_id id) {
        session::make_request ask = [id](const target& at) { return site_urls_request(at, id); };
        auto answer = co_await session_.call(std::move(ask));
        if (!answer) co_return answer.error();
        co_return read_site_urls(*answer);
    }

    // An addSite whose answer was lost may go on in the server, as long as it took until we gave up: it is
    // looked for, given that time, and looked for again before the only second try.
    awaitable<result<site_id>> find_or_add(std::string domain) {
        failure lost;
        for (int adds = 0;;) {
            auto found = co_await find_any(domain);
            if (!found) co_return found.error();
            if (*found) {
                unsettled_.erase(domain);
                co_return **found;
            }
            if (adds == most_adds) co_return lost;
            if (const auto wait = take_time_to_settle(domain); wait.count() > 0) {
                co_await pause(wait);
                continue;
            }
            ++adds;
            auto added = co_await add(domain);
            if (added || !unsettled_.contains(domain)) co_return added;
            lost = added.error();
        }
    }

    // Leaves the domain unsettled when the site may be made, or be made yet.
    awaitable<result<site_id>> add(std::string domain) {
        session::make_request make = [&](const target& at) { return add_site_request(at, domain); };
        const auto began = now_();
        bool unknown = false;
        auto answer = co_await session_.call(std::move(make), &unknown);
        if (!answer) {
            if (unknown) unsettle(domain, began);
            co_return answer.error();
        }
        auto id = read_added_site(*answer);
        if (id) {
            session_.accepted();
        } else if (id.error().code == errc::matomo_unreachable) {
            unsettle(domain, began);
        } else {
            session_.doubt();
        }
        co_return id;
    }

    void unsettle(const std::string& domain, time_point began) {
        const auto now = now_();
        std::erase_if(unsettled_, [&](const auto& each) { return each.second <= now; });
        const auto took = std::min<time_point::duration>(now - began, longest_patience);
        unsettled_[domain] = now + std::max<time_point::duration>(took, patience_);
    }

    // Whoever takes it waits for it.
    time_point::duration take_time_to_settle(const std::string& domain) {
        const auto entry = unsettled_.extract(domain);
        return entry ? entry.mapped() - now_() : time_point::duration();
    }

    // By its URL, or as what an addSite leaves that was killed, in an earlier life too: it first inserts the
    // name, and then the URL.
    awaitable<result<std::optional<site_id>>> find_any(std::string domain) {
        auto found = co_await find_by_url(domain);
        if (!found || *found) co_return found;
        const std::string name = domain.substr(0, longest_name);
        session::make_request by_name = [&](const target& at) {
            return named_sites_request(at, name, most_named);
        };
        auto answer = co_await session_.call(std::move(by_name));
        if (!answer) co_return answer.error();
        auto sites = read_named_sites(*answer);
        if (!sites) co_return sites.error();
        for (const named_site& each : *sites) {
            if (each.name != name) continue;
            if (is_site_of({each.main_url}, domain)) co_return std::optional<site_id>(each.id);
            if (!each.main_url.empty()) continue;
            auto ours = co_await adopt(each.id, domain);
            if (!ours) co_return ours.error();
            if (*ours) co_return std::optional<site_id>(each.id);
        }
        if (sites->size() >= most_named)
            co_return failed(errc::matomo_unexpected,
                             "Matomo has too many sites with names like the domain's to tell whether one is "
                             "its own");
        co_return std::optional<site_id>();
    }

    // Whether a site of the domain's name, without a main URL, is the domain's. One without any is, and gets
    // it.
    awaitable<result<bool>> adopt(site_id id, std::string domain) {
        auto urls = co_await urls_of(id);
        if (!urls) co_return urls.error();
        if (is_site_of(*urls, domain)) co_return true;
        if (!std::ranges::all_of(*urls, [](const std::string& url) { return url.empty(); })) co_return false;
        co_await complete_site(id, domain);
        co_return true;
    }

    // Without its URL the next look-up would miss it. It counts visits all the same, so a failure is no
    // failure.
    awaitable<void> complete_site(site_id id, std::string domain) {
        session::make_request update = [&](const target& at) { return update_site_request(at, id, domain); };
        auto ignored = co_await session_.call(std::move(update));
    }

    awaitable<void> pause(time_point::duration length) {
        asio::steady_timer timer(strand, length);
        boost::system::error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }

    const std::function<time_point()> now_;
    const std::chrono::milliseconds patience_;
    session session_;
    std::map<std::string, time_point> unsettled_; // by domain: until when a lost addSite may go on
    std::map<std::string, std::shared_ptr<http::slots>> turns_;
};

class matomo_analytics final : public analytics {
public:
    explicit matomo_analytics(std::shared_ptr<register_of_sites> sites)
        : sites_(std::move(sites)) {}

    awaitable<result<std::optional<site_id>>> find(std::string domain) override {
        auto at = sites_;
        auto done = register_of_sites::find(at, std::move(domain));
        co_return co_await asio::co_spawn(at->strand, std::move(done), asio::use_awaitable);
    }

    awaitable<result<site_id>> ensure(std::string domain) override {
        auto at = sites_;
        auto done = register_of_sites::ensure(at, std::move(domain));
        co_return co_await asio::co_spawn(at->strand, std::move(done), asio::use_awaitable);
    }

private:
    std::shared_ptr<register_of_sites> sites_;
};

} // namespace

std::unique_ptr<analytics> make_analytics(asio::any_io_executor executor, http::client& over,
                                          credentials_source source, timing when) {
    return std::make_unique<matomo_analytics>(
        std::make_shared<register_of_sites>(std::move(executor), over, std::move(source), std::move(when)));
}

} // namespace hosting::matomo
