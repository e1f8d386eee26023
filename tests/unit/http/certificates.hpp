// Certificates of a CA of the tests' own, made when they are needed.
#pragma once

#include <filesystem>
#include <string>

struct test_certificate {
    std::string certificate_pem;
    std::string key_pem;
};

// A CA that lives as long as the object.
class test_ca {
public:
    explicit test_ca(const std::string& name);

    // `alternative_name` as OpenSSL writes it: "DNS:example.com" or "IP:127.0.0.1".
    [[nodiscard]] test_certificate issue(const std::string& alternative_name,
                                         long valid_for_seconds = 3600) const;
    [[nodiscard]] const std::string& pem() const { return own_.certificate_pem; }

private:
    test_certificate own_;
};

// A file in the temporary folder, removed with the object.
class temporary_file {
public:
    explicit temporary_file(const std::string& content);
    ~temporary_file();
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};
