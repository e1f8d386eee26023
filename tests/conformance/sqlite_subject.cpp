// The memory in a SQLite file, in a folder that lasts from life to life.
#include "adapters/store/store.hpp"
#include "tests/conformance/fixture.hpp"
#include "tests/unit/ssh/memory_log.hpp"
#include "tests/unit/ssh/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

namespace hosting::test {
namespace {

class sqlite_subject final : public subject {
public:
    explicit sqlite_subject(boost::asio::io_context& loop)
        : loop_(loop) {}

    memory& begin() override {
        store_ = make_store(loop_.get_executor(), folder_.path() / "state", journal_);
        auto all = boost::asio::co_spawn(loop_, store_->load(), boost::asio::use_future).get();
        BOOST_TEST_REQUIRE(all.has_value());
        loaded_ = std::move(*all);
        return *store_;
    }

    memories loaded() override { return loaded_; }

    void end() override {
        store_.reset();
        BOOST_TEST(journal_.lines().empty());
    }

    std::vector<site_record> own_sites(std::size_t count) override {
        std::vector<site_record> rows;
        for (std::size_t i = 0; i < count; ++i) {
            const auto id = new_key("site");
            rows.push_back({id, id + ".example", "", wall_time(), {}});
        }
        return rows;
    }

    std::vector<site_record> recall(std::vector<std::string> site_ids) override {
        std::vector<site_record> found;
        for (const auto& id : site_ids)
            for (const auto& record : loaded_.sites)
                if (record.site_id == id) found.push_back(record);
        return found;
    }

private:
    boost::asio::io_context& loop_;
    temporary_folder folder_;
    memory_log journal_;
    std::unique_ptr<memory> store_;
    memories loaded_;
};

} // namespace

std::unique_ptr<subject> make_subject(boost::asio::io_context& loop) {
    return std::make_unique<sqlite_subject>(loop);
}

} // namespace hosting::test
