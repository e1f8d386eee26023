// What SQLite does to the disk, seen and steered where it calls the C library: this program's own pwrite64()
// and fdatasync() are found first.
#pragma once

#include <cstddef>

namespace hosting::test::disk {

[[nodiscard]] std::size_t writes();
[[nodiscard]] std::size_t syncs();
// Write-ahead logs with bytes that no sync has taken to the disk yet.
[[nodiscard]] bool has_unsynced_log();

// From now on syncs wait.
void hold_syncs();
void let_syncs_go();
[[nodiscard]] bool is_a_sync_held();

// The disk takes so many more writes, and is full then.
void becomes_full_after(std::size_t writes);
void has_room();

} // namespace hosting::test::disk
