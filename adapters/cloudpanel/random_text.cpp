#include "adapters/cloudpanel/random_text.hpp"

#include <array>
#include <openssl/rand.h>
#include <stdexcept>
#include <string_view>

namespace hosting::cloudpanel {

std::string random_text(std::size_t length) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    constexpr unsigned fair = 256 / alphabet.size() * alphabet.size(); // bytes from here on would favour some
    std::string text;
    std::array<unsigned char, 64> bytes{};
    while (text.size() < length) {
        if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
            throw std::runtime_error("the system's random generator has no entropy");
        for (const unsigned char b : bytes)
            if (b < fair && text.size() < length) text.push_back(alphabet[b % alphabet.size()]);
    }
    return text;
}

} // namespace hosting::cloudpanel
