#include "adapters/ssh/host_key.hpp"
#include "adapters/ssh/known_hosts.hpp"
#include "tests/unit/ssh/files.hpp"
#include "tests/unit/ssh/memory_log.hpp"
#include "tests/unit/ssh/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>
#include <thread>

using namespace hosting;
using namespace hosting::test;
using namespace hosting::ssh;
using verdict = host_key_verdict;

namespace {

// A key as it travels: the name of its type, and something that differs from key to key.
std::string made_key(const std::string& type, char content) {
    const auto with_length = [](const std::string& s) {
        return std::string{'\0', '\0', '\0', static_cast<char>(s.size())} + s;
    };
    return with_length(type) + with_length(std::string(32, content));
}

const std::string key_a = made_key("ssh-ed25519", 'a');
const std::string key_b = made_key("ssh-ed25519", 'b');
const std::string key_rsa = made_key("ssh-rsa", 'r');

std::string line(const std::string& names, const std::string& key) {
    return names + " " + key_type(key) + " " + base64(key);
}

bool is(const std::string& text, const std::string& host, int port, const std::string& key,
        verdict expected) {
    return judge_host_key(text, host, static_cast<std::uint16_t>(port), key) == expected;
}

struct store {
    temporary_folder folder;
    memory_log lines;
    std::filesystem::path file = folder.path() / "some" / "where" / "known_hosts";
    known_hosts hosts;
    explicit store(bool accept_new = true)
        : hosts(file, accept_new, lines) {}
};

} // namespace

BOOST_AUTO_TEST_SUITE(known_hosts_files)

BOOST_AUTO_TEST_CASE(names_ports_and_several_names_to_a_line) {
    const auto text = line("# not a line", key_a) + "\n\n" + line("one.test,203.0.113.1", key_a) +
                      " a comment\r\n" + line("[two.test]:2222,[2001:db8::1]:2222", key_b);
    BOOST_TEST(is(text, "one.test", 22, key_a, verdict::trusted));
    BOOST_TEST(is(text, "One.Test", 22, key_a, verdict::trusted));
    BOOST_TEST(is(text, "203.0.113.1", 22, key_a, verdict::trusted));
    BOOST_TEST(is(text, "one.test", 22, key_b, verdict::changed));
    BOOST_TEST(is(text, "two.test", 2222, key_b, verdict::trusted));
    BOOST_TEST(is(text, "2001:db8::1", 2222, key_b, verdict::trusted));
    BOOST_TEST(is(text, "two.test", 2222, key_a, verdict::changed));
    BOOST_TEST(is(text, "two.test", 22, key_a, verdict::unknown));
    BOOST_TEST(is(text, "three.test", 22, key_a, verdict::unknown));
    BOOST_TEST(is("", "one.test", 22, key_a, verdict::unknown));
}

BOOST_AUTO_TEST_CASE(names_of_one_and_two_characters) {
    for (const std::string name : {"w1", "w"}) {
        const auto text = line(name, key_a) + "\n" + line("one.test", key_b);
        BOOST_TEST(is(text, name, 22, key_a, verdict::trusted));
        BOOST_TEST(is(text, name, 22, key_b, verdict::changed));
        BOOST_TEST(is("@revoked " + text, name, 22, key_a, verdict::revoked));
        BOOST_TEST(is(text, "w2", 22, key_a, verdict::unknown));
        BOOST_TEST(known_key_types(text, name, 22) == std::vector<std::string>{"ssh-ed25519"});
    }
}

BOOST_AUTO_TEST_CASE(a_name_without_its_port_vouches_but_never_accuses) {
    const auto text = line("one.test", key_a);
    BOOST_TEST(is(text, "one.test", 2222, key_a, verdict::trusted));
    BOOST_TEST(is(text, "one.test", 2222, key_b, verdict::unknown));
}

BOOST_AUTO_TEST_CASE(another_type_of_key_is_a_change_too) {
    BOOST_TEST(is(line("one.test", key_a), "one.test", 22, key_rsa, verdict::changed));
    const auto both = line("one.test", key_a) + "\n" + line("one.test", key_rsa);
    BOOST_TEST(is(both, "one.test", 22, key_rsa, verdict::trusted));
    BOOST_TEST(is(both, "one.test", 22, key_a, verdict::trusted));
    BOOST_TEST(is(both, "one.test", 22, key_b, verdict::changed));
}

BOOST_AUTO_TEST_CASE(revoked_keys_are_refused_wherever_they_stand) {
    const auto revoked = "@revoked " + line("one.test", key_a);
    BOOST_TEST(is(revoked, "one.test", 22, key_a, verdict::revoked));
    BOOST_TEST(is(line("one.test", key_a) + "\n" + revoked, "one.test", 22, key_a, verdict::revoked));
    BOOST_TEST(is(revoked, "one.test", 22, key_b, verdict::unknown));
    BOOST_TEST(is("@cert-authority " + line("one.test", key_a), "one.test", 22, key_a, verdict::unknown));
}

BOOST_AUTO_TEST_CASE(lines_that_are_none_spoil_no_others) {
    const auto text = "one.test\none.test ssh-ed25519\none.test ssh-ed25519 AA\n|1|x|y ssh-rsa AAAA\n" +
                      std::string(5000, 'x') + " ssh-rsa AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" +
                      std::string("nul\0 ssh-rsa", 12) + "\n@\n@revoked\n" + line("one.test", key_a);
    BOOST_TEST(is(text, "one.test", 22, key_a, verdict::trusted));
}

BOOST_AUTO_TEST_CASE(hashed_names_as_openssh_writes_them) {
    temporary_folder folder;
    const auto file = folder.path() / "known_hosts";
    write_file(file, line("one.test", key_a) + "\n" + line("[one.test]:2222", key_b) + "\n");
    run_program({"ssh-keygen", "-H", "-f", file.string()});
    const auto text = read_file(file);
    BOOST_REQUIRE(text.find("one.test") == text.npos);
    BOOST_TEST(is(text, "one.test", 22, key_a, verdict::trusted));
    BOOST_TEST(is(text, "one.test", 2222, key_b, verdict::trusted));
    BOOST_TEST(is(text, "one.test", 22, key_b, verdict::changed));
    BOOST_TEST(is(text, "two.test", 22, key_a, verdict::unknown));
    BOOST_TEST(known_key_types(text, "one.test", 22) == std::vector<std::string>{"ssh-ed25519"});
}

BOOST_AUTO_TEST_CASE(hashed_names_that_were_cut_are_ignored) {
    const std::string salt(27, 'A');
    for (const std::size_t kept : {0, 1, 22, 23, 25, 26, 27}) {
        const auto name = "|1|" + salt + "=|" + salt.substr(0, kept);
        BOOST_TEST(is(line(name, key_a), "one.test", 22, key_a, verdict::unknown));
        BOOST_TEST(is(line("|1|" + salt.substr(0, kept) + "|" + salt + "=", key_a), "one.test", 22, key_a,
                      verdict::unknown));
    }
    BOOST_TEST(is(line("|", key_a), "|", 22, key_a, verdict::unknown));
}

BOOST_AUTO_TEST_CASE(known_types_come_first_in_what_is_asked_for) {
    const auto text = line("one.test", key_rsa) + "\n" + line("[one.test]:2222", key_a);
    BOOST_TEST(host_key_algorithms(known_key_types(text, "one.test", 22))
                   .starts_with("rsa-sha2-512,rsa-sha2-256,ssh-ed"));
    BOOST_TEST(host_key_algorithms(known_key_types(text, "one.test", 2222)).starts_with("ssh-ed25519,ecdsa"));
    BOOST_TEST(host_key_algorithms(known_key_types(text, "one.test", 2223)).starts_with("rsa-sha2-512"));
    BOOST_TEST(host_key_algorithms({}).starts_with("ssh-ed25519,ecdsa-sha2-nistp256"));
}

BOOST_AUTO_TEST_CASE(a_new_key_is_written_down_once_for_the_owner_alone) {
    store s;
    BOOST_TEST(!s.hosts.check("one.test", 2222, key_a).has_value());
    BOOST_TEST(!s.hosts.check("one.test", 2222, key_a).has_value());
    BOOST_TEST(read_file(s.file) == line("[one.test]:2222", key_a) + "\n");
    struct stat info {};
    ::stat(s.file.c_str(), &info);
    BOOST_TEST((info.st_mode & 0777) == 0600u);
    ::stat(s.file.parent_path().c_str(), &info);
    BOOST_TEST((info.st_mode & 0777) == 0700u);
    BOOST_TEST(s.lines.lines().size() == 1u);
    BOOST_TEST(s.hosts.types("one.test", 2222).value() == std::vector<std::string>{"ssh-ed25519"});
}

BOOST_AUTO_TEST_CASE(a_last_line_without_its_end_is_kept_apart) {
    store s;
    std::filesystem::create_directories(s.file.parent_path());
    write_file(s.file, line("one.test", key_a));
    BOOST_TEST(!s.hosts.check("two.test", 22, key_b).has_value());
    BOOST_TEST(read_file(s.file) == line("one.test", key_a) + "\n" + line("two.test", key_b) + "\n");
}

BOOST_AUTO_TEST_CASE(many_at_once_lose_and_repeat_nothing) {
    store s;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&s] {
            for (int i = 0; i < 25; ++i)
                (void)s.hosts.check("host" + std::to_string(i) + ".test", 22, key_a);
        });
    for (auto& t : threads)
        t.join();
    const auto text = read_file(s.file);
    BOOST_TEST(count_of("\n", text) == 25u);
    for (int i = 0; i < 25; ++i)
        BOOST_TEST(count_of(line("host" + std::to_string(i) + ".test", key_a) + "\n", text) == 1u);
}

BOOST_AUTO_TEST_CASE(a_changed_key_says_what_to_run) {
    store s;
    (void)s.hosts.check("2001:db8::1", 2222, key_a);
    const auto refused = s.hosts.check("2001:db8::1", 2222, key_b);
    BOOST_REQUIRE(refused.has_value());
    BOOST_TEST((refused->code == errc::ssh_host_key));
    BOOST_TEST(refused->detail.find("ssh-keygen -f " + s.file.string() + " -R '[2001:db8::1]:2222'") !=
               std::string::npos);
    BOOST_TEST(refused->detail.find("ssh-ed25519 host key " + key_fingerprint(key_b)) != std::string::npos);
    BOOST_TEST(read_file(s.file) == line("[2001:db8::1]:2222", key_a) + "\n");
}

BOOST_AUTO_TEST_CASE(strict_says_what_to_add) {
    store s(false);
    const auto refused = s.hosts.check("one.test", 22, key_a);
    BOOST_REQUIRE(refused.has_value());
    BOOST_TEST(refused->detail.ends_with(line("one.test", key_a)), refused->detail);
    BOOST_TEST(!std::filesystem::exists(s.file));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_is_said_once_and_remembered) {
    store s;
    write_file(s.folder.path() / "some", "a file where a folder should be");
    BOOST_TEST(!s.hosts.check("one.test", 22, key_a).has_value());
    BOOST_TEST(!s.hosts.check("two.test", 22, key_a).has_value());
    BOOST_TEST(!s.hosts.check("one.test", 22, key_a).has_value());
    BOOST_TEST(s.lines.lines().size() == 1u);
    BOOST_TEST(s.lines.lines().front().starts_with("warning "));
    BOOST_TEST(s.hosts.check("one.test", 22, key_b).has_value());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_no_empty_file) {
    store s;
    std::filesystem::create_directories(s.file); // a folder where the file should be
    BOOST_TEST(s.hosts.types("one.test", 22).has_error());
    const auto refused = s.hosts.check("one.test", 22, key_a);
    BOOST_REQUIRE(refused.has_value());
    BOOST_TEST((refused->code == errc::ssh_host_key));
    BOOST_TEST(refused->detail.find(s.file.string()) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(fingerprints_are_those_of_ssh_keygen) {
    BOOST_TEST(key_type("") == "");
    BOOST_TEST(key_type(std::string("\xff\xff\xff\xffssh", 7)) == "");
    BOOST_TEST(key_type(key_a) == "ssh-ed25519");
    // echo -n 'abc' | openssl dgst -sha256 -binary | base64
    BOOST_TEST(key_fingerprint("abc") == "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0");
}

BOOST_AUTO_TEST_CASE(who_wants_to_hears_of_each_new_key_once) {
    temporary_folder folder;
    memory_log lines;
    std::vector<std::string> heard;
    known_hosts hosts(folder.path() / "known_hosts", true, lines, false,
                      [&](std::string_view address, std::uint16_t port, std::string_view key) {
                          heard.push_back(known_hosts_name(address, port) + " " + key_fingerprint(key));
                      });
    BOOST_TEST(!hosts.check("one.test", 2222, key_a).has_value());
    BOOST_TEST(!hosts.check("one.test", 2222, key_a).has_value());
    BOOST_TEST(hosts.check("one.test", 2222, key_b).has_value());
    BOOST_TEST(heard == std::vector<std::string>{"[one.test]:2222 " + key_fingerprint(key_a)});
    BOOST_TEST(!std::filesystem::exists(folder.path() / "known_hosts"));
}

BOOST_AUTO_TEST_SUITE_END()
