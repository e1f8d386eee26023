// The memory in a SQLite file, state.db in the state folder (see schema.cpp for its tables).
#pragma once

#include "core/ports/log.hpp"
#include "core/ports/memory.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <filesystem>
#include <memory>

namespace hosting {

// What tests shorten.
struct store_timing {
    std::chrono::milliseconds batch_within{100};  // what is kept is written after that, in one transaction
    std::chrono::milliseconds first_retry{1'000}; // of a file that could not be used; doubled each time
    std::chrono::milliseconds longest_retry{60'000};
};

// One thread of its own does all that touches the file; calls resume on their caller's executor, or on
// `executor` where that has none. The folder must be held by this process alone (daemon/state_folder).
//
// A file that is damaged is put aside as state.db.corrupt-TIME and a new one is begun. While the file cannot
// be used, load() and keep_order() fail, and the latest of each other key is held until it can. Each is one
// line of the log.
//
// Destroying it writes what was handed in, by one try, and answers every call that waits. The log and the
// executors must outlive it; calls need not be over.
[[nodiscard]] std::unique_ptr<memory> make_store(boost::asio::any_io_executor executor,
                                                 const std::filesystem::path& state_dir, log&,
                                                 store_timing = {});

} // namespace hosting
