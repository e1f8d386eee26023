// A subject, threads that run its loop, and keys of its own.
#pragma once

#include "tests/conformance/subject.hpp"
#include "tests/unit/store/records.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

namespace hosting::test {

// Four threads, so that what is said to be thread-safe must be.
class running_loop {
public:
    running_loop();
    ~running_loop();
    running_loop(const running_loop&) = delete;
    running_loop& operator=(const running_loop&) = delete;

    boost::asio::io_context& get() { return loop_; }

    template<class T>
    T wait_for(boost::asio::awaitable<T> call) {
        return boost::asio::co_spawn(loop_, std::move(call), boost::asio::use_future).get();
    }

private:
    boost::asio::io_context loop_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::vector<std::thread> threads_;
};

// A text that no other test uses, in this run or another.
[[nodiscard]] std::string new_key(std::string_view prefix);

struct conformance_fixture {
    running_loop loop;
    std::unique_ptr<subject> of = make_subject(loop.get());
    std::string prefix = new_key("place"); // of all places that this test uses
    random_records some{1, random_records::texts::characters};

    ~conformance_fixture() { of->end(); }

    [[nodiscard]] std::string place(unsigned number) const { return prefix + '-' + std::to_string(number); }
    // What was loaded of this test's places, sorted.
    [[nodiscard]] memories mine() const;
    void flush(memory& store) { loop.wait_for(store.flush()); }
};

// The same, field by field. Times may differ a little: they may have crossed to another clock and back.
[[nodiscard]] bool alike(const site_record&, const site_record&);
[[nodiscard]] bool alike(const order_record&, const order_record&);
[[nodiscard]] bool alike(const server_facts&, const server_facts&);
[[nodiscard]] bool alike(const incident_record&, const incident_record&);

template<class Record>
[[nodiscard]] bool alike(const std::vector<Record>& a, const std::vector<Record>& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (!alike(a[i], b[i])) return false;
    return true;
}

} // namespace hosting::test
