// The only source of chance: one seed, one sequence, the same everywhere.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace simulation {

using std::chrono::milliseconds;

class dice {
public:
    explicit dice(std::uint64_t seed)
        : state_(seed) {}

    // SplitMix64.
    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31U);
    }
    // In [0, 1).
    double unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
    bool chance(double probability) { return unit() < probability; }
    // Below n, which is not zero.
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(unit() * static_cast<double>(n)); }
    // In [low, high).
    milliseconds between(milliseconds low, milliseconds high) {
        return low +
               milliseconds(static_cast<std::int64_t>(unit() * static_cast<double>((high - low).count())));
    }
    template<class T>
    T one_of(std::initializer_list<T> all) {
        return all.begin()[below(all.size())];
    }
    template<class T>
    const T& one_of(const std::vector<T>& all) {
        return all[below(all.size())];
    }

private:
    std::uint64_t state_;
};

} // namespace simulation
