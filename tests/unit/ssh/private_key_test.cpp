// What people and forms make of a private key, and what is none. The keys are made on the spot.
#include "adapters/ssh/private_key.hpp"
#include "tests/unit/ssh/files.hpp"
#include "tests/unit/ssh/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

using namespace hosting;
using namespace hosting::test;

namespace {

using words = std::vector<std::string>;

// Some keys of every form, by name; made once.
struct key_ring {
    temporary_folder folder;
    std::map<std::string, std::string> keys;

    void generate(const std::string& name, words options) {
        const auto file = (folder.path() / name).string();
        words command{"ssh-keygen", "-q", "-C", "", "-f", file};
        command.insert(command.end(), options.begin(), options.end());
        run_program(command);
        keys[name] = read_file(file);
        keys[name + ".pub"] = read_file(file + ".pub");
    }
    key_ring() {
        generate("rsa_pem", {"-N", "", "-t", "rsa", "-b", "2048", "-m", "PEM"});
        generate("rsa_pkcs8", {"-N", "", "-t", "rsa", "-b", "2048", "-m", "PKCS8"});
        generate("rsa_openssh", {"-N", "", "-t", "rsa", "-b", "2048"});
        generate("ec_pem", {"-N", "", "-t", "ecdsa", "-m", "PEM"});
        generate("ec_openssh", {"-N", "", "-t", "ecdsa"});
        generate("ed_openssh", {"-N", "", "-t", "ed25519"});
        generate("locked_pem", {"-N", "secret", "-t", "rsa", "-b", "2048", "-m", "PEM"});
        generate("locked_pkcs8", {"-N", "secret", "-t", "rsa", "-b", "2048", "-m", "PKCS8"});
        generate("locked_openssh", {"-N", "secret", "-t", "ed25519", "-a", "1"});
        const auto dsa = (folder.path() / "dsa").string();
        run_program({"openssl", "ecparam", "-name", "prime256v1", "-genkey", "-out", dsa});
        keys["ec_with_parameters"] = read_file(dsa);
        run_program({"openssl", "genpkey", "-algorithm", "x25519", "-out", dsa});
        keys["x25519"] = read_file(dsa);
        run_program({"openssl", "genpkey", "-algorithm", "ed25519", "-out", dsa});
        keys["ed_pkcs8"] = read_file(dsa);
    }
};

const std::map<std::string, std::string>& keys() {
    static const key_ring ring;
    return ring.keys;
}

const std::vector<std::string> usable{"rsa_pem",    "rsa_pkcs8",  "rsa_openssh", "ec_pem",
                                      "ec_openssh", "ed_openssh", "ed_pkcs8",    "ec_with_parameters"};

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
    return text;
}

// The normal form, or the refusal.
std::string judged(const std::string& text) {
    const auto r = ssh::check_private_key(secret(text));
    if (r) return r->reveal();
    BOOST_TEST((r.error().code == errc::ssh_key));
    return r.error().detail;
}

void check_refused(const std::string& text, std::string_view because) {
    const auto sentence = judged(text);
    BOOST_TEST(sentence.find(because) != std::string::npos, sentence);
    for (std::size_t at = 0; at + 8 <= text.size(); at += 8) // nothing of it is quoted
        if (text.find("-----") == text.npos || text.find('\n', at) > at + 8)
            BOOST_TEST((text.substr(at, 8).find(' ') != text.npos ||
                        sentence.find(text.substr(at, 8)) == sentence.npos));
}

} // namespace

BOOST_AUTO_TEST_SUITE(private_keys)

BOOST_AUTO_TEST_CASE(every_form_is_accepted_and_stays_what_it_is) {
    for (const auto& name : usable) {
        const auto once = judged(keys().at(name));
        BOOST_TEST(once.starts_with("-----BEGIN "), name << ": " << once.substr(0, 60));
        BOOST_TEST(once.ends_with(" PRIVATE KEY-----\n"));
        BOOST_TEST(judged(once) == once);
    }
}

BOOST_AUTO_TEST_CASE(what_forms_and_people_do_to_a_key_is_undone) {
    for (const auto& name : usable) {
        const auto& key = keys().at(name);
        const auto expected = judged(key);
        BOOST_TEST(judged(replaced(key, "\n", "\r\n")) == expected);
        BOOST_TEST(judged(replaced(key, "\n", "\r")) == expected);
        BOOST_TEST(judged(key.substr(0, key.size() - 1)) == expected);
        BOOST_TEST(judged("\n \t" + key + "\n\n  ") == expected);
        BOOST_TEST(judged("    " + replaced(key, "\n", "\n    ")) == expected);
        BOOST_TEST(judged(replaced(key, "\n", "\\n")) == expected);
        BOOST_TEST(judged(replaced(key, "\n", "\\r\\n")) == expected);
        BOOST_TEST(judged(replaced(key, "\n", "\\n") + "\n") == expected);
        BOOST_TEST(judged(replaced(key, "\n", " ")) == expected);
        BOOST_TEST(judged("\"" + key + "\"") == expected);
        BOOST_TEST(judged("Bag Attributes: none\n" + key + "trailing words\n") == expected);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_private_key_is_named) {
    check_refused("", "is empty");
    check_refused(" \r\n\t ", "is empty");
    check_refused("hunter2hunter2", "no private key");
    check_refused(keys().at("rsa_pem.pub"), "is a public key");
    check_refused(keys().at("ed_openssh.pub"), "is a public key");
    check_refused("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "is a public key");
    check_refused("-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n", "is a public key");
    check_refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "is a certificate");
    check_refused("PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\n", "PuTTY");
    check_refused("-----BEGIN SOMETHING-----\nAAAA\n-----END SOMETHING-----\n", "something else");
    check_refused(keys().at("x25519"), "a type that SSH does not use");
}

BOOST_AUTO_TEST_CASE(a_key_with_a_passphrase_is_named) {
    for (const char* name : {"locked_pem", "locked_pkcs8", "locked_openssh"})
        check_refused(keys().at(name), "passphrase");
    check_refused("-----BEGIN RSA PRIVATE KEY-----\nENCRYPTED123\n-----END RSA PRIVATE KEY-----\n",
                  "is damaged");
}

BOOST_AUTO_TEST_CASE(a_damaged_key_is_named) {
    for (const auto& name : usable) {
        const auto& key = keys().at(name);
        const auto end = key.rfind("-----END");
        check_refused(key.substr(0, end), "is cut off");
        auto shorter = key;
        shorter.erase(end - 40, 12);
        if (name != "rsa_openssh") check_refused(shorter, "is damaged");
        auto odd = key;
        odd.erase(end - 10, 1);
        check_refused(odd, "is damaged");
        check_refused(replaced(key, "-----\n", "-----\n*"), "characters that no key has");
    }
    check_refused("-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n", "is damaged");
}

BOOST_AUTO_TEST_CASE(what_stands_in_place_of_a_label_is_not_quoted) {
    const auto got = ssh::check_private_key(secret("-----BEGIN hunter2hunter2 PRIVATE KEY-----\nAAAA\n"));
    BOOST_TEST(got.error().detail.find("hunter2") == std::string::npos, got.error().detail);
}

BOOST_AUTO_TEST_SUITE_END()
