// Keeps the file usable, or says why it is not: opens it, puts a damaged one aside, tries again from time to
// time.
#pragma once

#include "adapters/store/batch.hpp"
#include "adapters/store/database.hpp"
#include "adapters/store/store.hpp"
#include "core/result.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace hosting::store {

// One thread at a time. Never throws; every failure is memory_unusable.
class keeper {
public:
    keeper(std::filesystem::path file, log&, const store_timing&);

    [[nodiscard]] result<memories> load();
    // All of it or nothing; where there are orders, on the disk. Tries even before its time.
    [[nodiscard]] result<void> write(const batch& what, const std::vector<order_record>& orders);

    // Why the file cannot be used; nullopt: it can, as far as is known.
    [[nodiscard]] const std::optional<failure>& trouble() const noexcept { return trouble_; }
    [[nodiscard]] steady_time next_try() const noexcept { return next_try_; } // while there is trouble
    [[nodiscard]] const std::string& installation_id() const noexcept { return id_; }

private:
    template<class Use>
    auto with_sound_file(const Use& use);
    [[nodiscard]] result<memories> recall(const failure& unusable);
    void open();
    void open_as_it_is();
    void begin_anew(const sqlite::error& why);
    void leave_if_moved();
    void works();
    failure fails(const char* why);

    const std::filesystem::path path_;
    log& log_;
    const store_timing timing_;
    std::unique_ptr<database> file_;
    std::string id_;
    std::optional<failure> trouble_;
    std::chrono::milliseconds patience_;
    steady_time next_try_;
    steady_time working_since_;
};

} // namespace hosting::store
