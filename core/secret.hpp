// A string that must not be shown: a key, a token, a password.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace hosting {

// Has no operator<< and no conversion; reveal() marks each place that really needs the text. Wiped when
// destroyed.
class secret {
public:
    secret() = default;
    explicit secret(std::string text)
        : text_(std::move(text)) {}
    secret(const secret&) = default;
    secret(secret&& other) noexcept
        : text_(std::exchange(other.text_, {})) {}
    secret& operator=(const secret& other) {
        if (this != &other) {
            wipe();
            text_ = other.text_;
        }
        return *this;
    }
    secret& operator=(secret&& other) noexcept {
        wipe();
        text_ = std::exchange(other.text_, {});
        return *this;
    }
    ~secret() { wipe(); }

    [[nodiscard]] const std::string& reveal() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
    friend bool operator==(const secret&, const secret&) = default;

private:
    void wipe() noexcept {
        for (volatile char* p = text_.data(); p != text_.data() + text_.size(); ++p)
            *p = 0;
    }

    std::string text_;
};

} // namespace hosting
