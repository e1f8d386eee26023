// The folder that is ours alone while we run.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace hosting {

// Who holds the folder, as "process 1234", found out without taking the lock; nullopt: nobody that we can
// see.
[[nodiscard]] std::optional<std::string> holder_of(const std::filesystem::path& folder);

// Root works as the one to whom the folder belongs, if there is one: what is written there must be the
// service's, whoever ran the program by hand. Throws std::system_error where that cannot be done.
void work_as_owner_of(const std::filesystem::path& folder);

// Holds state_dir, by an flock on the file `lock` in it, until destroyed; the kernel lets go of it whatever
// way we end.
class state_folder {
public:
    enum class kind {
        held,
        taken,   // another process holds it; `detail` names that
        unusable // it cannot be made or written; `detail` says why. The rows are the truth: we can go on
                 // without.
    };
    explicit state_folder(const std::filesystem::path& folder);
    ~state_folder();
    state_folder(const state_folder&) = delete;
    state_folder& operator=(const state_folder&) = delete;

    [[nodiscard]] kind what() const noexcept { return what_; }
    [[nodiscard]] const std::string& detail() const noexcept { return detail_; }

private:
    kind what_ = kind::held;
    std::string detail_;
    int lock_ = -1;
};

} // namespace hosting
