// One daemon's part in the shared queue of a real Supabase, whose address and key are in the environment.
#pragma once

#include "adapters/shared_queue/shared_queue.hpp"
#include "core/ports/resolver.hpp"
#include "tests/conformance/fixture.hpp"
#include "tests/conformance/unreliable_client.hpp"
#include "tests/unit/ssh/memory_log.hpp"

namespace hosting::test {

[[nodiscard]] supabase::settings project(); // HOSTING_TEST_URL, HOSTING_TEST_KEY

// What a daemon has on a loop, and what is left of it there after its end.
class member {
public:
    explicit member(boost::asio::io_context& loop,
                    std::chrono::milliseconds lease = std::chrono::minutes(10));
    member(const member&) = delete;
    member& operator=(const member&) = delete;

    template<class T>
    T wait_for(boost::asio::awaitable<T> call) {
        return boost::asio::co_spawn(loop_, std::move(call), boost::asio::use_future).get();
    }

    claims& rows() { return queue_->rows(); }
    memory& store() { return queue_->store(); }
    site_queue& hub() { return queue_->queue(); }
    [[nodiscard]] const std::string& name() const { return name_; }

    // Those that must succeed.
    memories load();
    claim_answer claim(claim_demand wanted);
    claim_answer claim_only(const std::string& site_id);
    void flush() { wait_for(store().flush()); }
    // Writes what was handed in, and gives everything back.
    void leave();
    // A crash, as far as others can see: nothing more is said, and the lease ends by itself.
    void vanish() { queue_.reset(); }

    memory_log journal;

private:
    boost::asio::io_context& loop_;
    const std::string name_ = new_key("worker");
    std::unique_ptr<resolver> names_;
    std::unique_ptr<http::client> line_;

public:
    unreliable_client network;

private:
    std::unique_ptr<supabase::hub> hub_;
    std::unique_ptr<shared_queue::shared_queue> queue_;
};

// One request to the REST API, as somebody else with the service key makes it; the body of its answer.
std::string ask(boost::asio::io_context&, std::string method, const std::string& target,
                std::string body = {});
// Pending rows with these domains, as the Hub makes them; their ids.
std::vector<std::string> add_sites(boost::asio::io_context&, const std::vector<std::string>& domains);

} // namespace hosting::test
