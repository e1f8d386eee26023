#include "adapters/store/keeper.hpp"

#include "adapters/store/random_uuid.hpp"
#include "adapters/store/state_file.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace hosting::store {
namespace {

// Trouble that comes back sooner than this is the same trouble: its patience goes on growing.
constexpr auto proof_of_health = std::chrono::minutes(1);

wall_time wall_now() { return std::chrono::system_clock::now(); }

} // namespace

keeper::keeper(std::filesystem::path file, log& l, const store_timing& timing)
    : path_(std::move(file))
    , log_(l)
    , timing_(timing)
    , id_(random_uuid())
    , patience_(timing.first_retry)
    , working_since_(std::chrono::steady_clock::now() - proof_of_health) {}

template<class Use>
auto keeper::with_sound_file(const Use& use) {
    open();
    auto done = [&] {
        try {
            return use();
        } catch (const sqlite::error& e) {
            if (!e.is_damage()) throw;
            begin_anew(e);
            return use();
        }
    }();
    works();
    return done;
}

result<memories> keeper::load() {
    try {
        return with_sound_file([this] { return file_->load(wall_now()); });
    } catch (const std::exception& e) {
        return recall(fails(e.what()));
    }
}

result<memories> keeper::recall(const failure& unusable) {
    try {
        auto found = read_without_writing(path_, wall_now());
        if (!found.installation_id.empty()) id_ = std::move(found.installation_id);
        return std::move(found.known);
    } catch (const std::exception&) {
        return unusable;
    }
}

result<void> keeper::write(const batch& what, const std::vector<order_record>& orders) {
    try {
        with_sound_file([&] {
            file_->write(what, orders, wall_now());
            return true;
        });
        return {};
    } catch (const std::exception& e) {
        return fails(e.what());
    }
}

void keeper::open() {
    leave_if_moved();
    if (file_) return;
    try {
        open_as_it_is();
    } catch (const sqlite::error& e) {
        if (!e.is_damage()) throw;
        begin_anew(e);
    }
}

void keeper::open_as_it_is() {
    make_private(path_);
    file_ = std::make_unique<database>(path_, id_, wall_now());
    id_ = file_->installation_id();
}

void keeper::begin_anew(const sqlite::error& why) {
    file_.reset();
    std::error_code failed;
    const auto aside = put_aside(path_, wall_now(), failed);
    if (failed)
        throw std::runtime_error(std::string(why.what()) + "; it cannot be renamed: " + failed.message());
    log_.write(
        log_level::warning,
        "The memory in " + path_.string() + " is damaged (" + why.what() + "): it is kept as " + aside +
            ", and a new one is begun; attempts, schedules and certificate orders of before are forgotten");
    open_as_it_is();
}

// SQLite would go on writing into a file that nobody will find, and apply its log to whatever comes instead.
void keeper::leave_if_moved() {
    if (!file_ || !file_->is_moved()) return;
    file_.reset();
    remove_what_is_beside(path_);
    log_.write(log_level::warning,
               "The memory in " + path_.string() +
                   " was removed or replaced while in use: what stands there now is used");
}

void keeper::works() {
    if (!trouble_) return;
    trouble_.reset();
    working_since_ = std::chrono::steady_clock::now();
    log_.write(log_level::info, "The memory in " + path_.string() + " can be used again");
}

failure keeper::fails(const char* why) {
    file_.reset();
    const auto now = std::chrono::steady_clock::now();
    if (!trouble_) {
        if (now - working_since_ >= proof_of_health) patience_ = timing_.first_retry;
        log_.write(log_level::warning, "The memory in " + path_.string() + " cannot be used (" + why +
                                           "): work goes on, but until it can, no certificate order is "
                                           "recorded, and a restart forgets what is learned");
    }
    trouble_ = failure{errc::memory_unusable, "the memory in " + path_.string() + " cannot be used: " + why};
    next_try_ = now + patience_;
    patience_ = std::min(patience_ * 2, timing_.longest_retry);
    return *trouble_;
}

} // namespace hosting::store
