// The memory that daemons share: each life is another daemon's.
#include "tests/conformance/member.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>

namespace hosting::test {
namespace {

class shared_queue_subject final : public subject {
public:
    explicit shared_queue_subject(boost::asio::io_context& loop)
        : loop_(loop) {}

    memory& begin() override {
        auto& next = lives_.emplace_back(loop_);
        loaded_ = next.load();
        return next.store();
    }

    memories loaded() override { return loaded_; }

    void end() override {
        if (lives_.empty()) return;
        lives_.back().leave();
        BOOST_TEST(lives_.back().journal.lines().empty());
    }

    std::vector<site_record> own_sites(std::size_t count) override {
        std::vector<std::string> domains;
        for (std::size_t i = 0; i < count; ++i)
            domains.push_back(new_key("site") + ".example");
        const auto ids = add_sites(loop_, domains);
        std::vector<site_record> rows;
        for (std::size_t i = 0; i < count; ++i) {
            BOOST_TEST_REQUIRE(lives_.back().claim_only(ids[i]).rows.size() == 1U);
            rows.push_back({ids[i], domains[i], "", wall_time(), {}});
        }
        return rows;
    }

    std::vector<site_record> recall(std::vector<std::string> site_ids) override {
        std::vector<site_record> found;
        for (const auto& id : site_ids)
            for (const auto& record : lives_.back().claim_only(id).records)
                found.push_back(record);
        return found;
    }

private:
    boost::asio::io_context& loop_;
    std::deque<member> lives_; // their loop may still know those that are over
    memories loaded_;
};

} // namespace

std::unique_ptr<subject> make_subject(boost::asio::io_context& loop) {
    return std::make_unique<shared_queue_subject>(loop);
}

} // namespace hosting::test
