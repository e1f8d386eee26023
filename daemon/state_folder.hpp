// The folder that is ours alone while we run.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace hosting {

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
