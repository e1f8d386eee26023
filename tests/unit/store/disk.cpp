#include "tests/unit/store/disk.hpp"

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <limits>
#include <mutex>
#include <set>
#include <string>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace {

constexpr auto endless = std::numeric_limits<std::size_t>::max();

struct state {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t writes = 0;
    std::size_t syncs = 0;
    std::size_t room = endless; // writes
    bool held = false;
    std::size_t waiting = 0;
    std::set<std::string> unsynced;
};

// Never destroyed: files are written until the very end.
state& disk_state() {
    static auto* one = new state;
    return *one;
}

std::string log_name(int file) {
    std::error_code unknown;
    auto name = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file), unknown).string();
    return name.ends_with("-wal") ? name : std::string();
}

bool takes_a_write(int file) {
    auto name = log_name(file);
    auto& s = disk_state();
    const std::lock_guard lock(s.mutex);
    ++s.writes;
    if (s.room == 0) return false;
    if (s.room != endless) --s.room;
    if (!name.empty()) s.unsynced.insert(std::move(name));
    return true;
}

} // namespace

extern "C" ssize_t pwrite64(int file, const void* bytes, std::size_t size, off64_t at) {
    if (takes_a_write(file)) return ::syscall(SYS_pwrite64, file, bytes, size, at);
    errno = ENOSPC;
    return -1;
}

extern "C" int fdatasync(int file) {
    const auto name = log_name(file);
    auto& s = disk_state();
    std::unique_lock lock(s.mutex);
    ++s.syncs;
    ++s.waiting;
    s.changed.wait(lock, [&] { return !s.held; });
    --s.waiting;
    s.unsynced.erase(name);
    lock.unlock();
    return static_cast<int>(::syscall(SYS_fdatasync, file));
}

namespace hosting::test::disk {
namespace {

template<class F>
auto locked(F f) {
    auto& s = disk_state();
    const std::lock_guard lock(s.mutex);
    return f(s);
}

} // namespace

std::size_t writes() {
    return locked([](const state& s) { return s.writes; });
}
std::size_t syncs() {
    return locked([](const state& s) { return s.syncs; });
}
bool has_unsynced_log() {
    return locked([](const state& s) { return !s.unsynced.empty(); });
}

void hold_syncs() {
    locked([](state& s) { return s.held = true; });
}
void let_syncs_go() {
    locked([](state& s) { return s.held = false; });
    disk_state().changed.notify_all();
}
bool is_a_sync_held() {
    return locked([](const state& s) { return s.held && s.waiting > 0; });
}

void becomes_full_after(std::size_t writes) {
    locked([&](state& s) { return s.room = writes; });
}
void has_room() {
    locked([](state& s) { return s.room = endless; });
}

} // namespace hosting::test::disk
