// Files and programs, as the tests need them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace hosting::test {

[[nodiscard]] std::string read_file(const std::filesystem::path&);
void write_file(const std::filesystem::path&, std::string_view text);

// Runs a program to its end, its output thrown away. Throws unless it ends with 0.
void run_program(const std::vector<std::string>& arguments);

// Starts a program in a process group of its own, with a bare environment.
[[nodiscard]] pid_t start_program(const std::vector<std::string>& arguments);

// The line of authorized_keys for an Ed25519 public key in PEM form, which ssh-keygen does not convert.
[[nodiscard]] std::string openssh_line_of_ed25519(std::string_view pem);

[[nodiscard]] std::size_t count_of(std::string_view needle, std::string_view haystack);

} // namespace hosting::test
