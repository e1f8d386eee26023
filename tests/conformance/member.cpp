#include "tests/conformance/member.hpp"

#include "adapters/dns/resolver.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdlib>

namespace hosting::test {
namespace {

namespace json = boost::json;

std::string from_environment(const char* name) {
    const char* value = std::getenv(name);
    if (!value) throw std::runtime_error(std::string(name) + " is not set: tests/shared runs this program");
    return value;
}

shared_queue::settings settings_of(const std::string& worker, std::chrono::milliseconds lease) {
    shared_queue::settings with;
    with.project = project();
    with.lease = lease;
    with.worker = worker;
    with.host = "host-of-" + worker;
    return with;
}

} // namespace

supabase::settings project() {
    supabase::settings with;
    with.url = *http::parse_url(from_environment("HOSTING_TEST_URL"));
    with.service_key = secret(from_environment("HOSTING_TEST_KEY"));
    return with;
}

member::member(boost::asio::io_context& loop, std::chrono::milliseconds lease)
    : loop_(loop)
    , names_(dns::make_resolver(loop.get_executor()))
    , line_(*http::make_client(loop.get_executor(), {}, *names_))
    , network(*line_)
    , hub_(supabase::make_hub(project(), network))
    , queue_(shared_queue::make_shared_queue(loop.get_executor(), settings_of(name_, lease), network, *hub_,
                                             journal)) {}

memories member::load() {
    auto all = wait_for(store().load());
    BOOST_TEST_REQUIRE(all.has_value(), all.error().detail);
    return std::move(*all);
}

claim_answer member::claim(claim_demand wanted) {
    auto answer = wait_for(rows().claim(std::move(wanted)));
    BOOST_TEST_REQUIRE(answer.has_value(), answer.error().detail);
    return std::move(*answer);
}

claim_answer member::claim_only(const std::string& site_id) {
    claim_demand wanted;
    wanted.room = 1;
    wanted.per_server = 1'000;
    wanted.only = site_id;
    return claim(wanted);
}

void member::leave() {
    if (!queue_) return;
    flush();
    wait_for(rows().leave());
    vanish();
}

std::string ask(boost::asio::io_context& loop, std::string method, const std::string& target,
                std::string body) {
    const auto names = dns::make_resolver(loop.get_executor());
    const auto line = *http::make_client(loop.get_executor(), {}, *names);
    http::request what;
    what.method = std::move(method);
    what.where = project().url;
    what.target = "/rest/v1/" + target;
    what.headers = {{"apikey", project().service_key.reveal()},
                    {"Content-Type", "application/json"},
                    {"Prefer", "return=representation"}};
    what.body = std::move(body);
    const auto answer =
        boost::asio::co_spawn(loop, line->send(std::move(what)), boost::asio::use_future).get();
    BOOST_TEST_REQUIRE(answer.has_value());
    BOOST_TEST_REQUIRE(answer->status / 100 == 2U, answer->body);
    return answer->body;
}

std::vector<std::string> add_sites(boost::asio::io_context& loop, const std::vector<std::string>& domains) {
    json::array rows;
    for (const auto& domain : domains)
        rows.push_back(json::object{{"domain", domain}, {"status_dns", "active"}});
    const json::value made = json::parse(ask(loop, "POST", "sites", json::serialize(rows)));
    std::vector<std::string> ids;
    for (const auto& row : made.as_array())
        ids.emplace_back(row.at("id").as_string());
    return ids;
}

} // namespace hosting::test
