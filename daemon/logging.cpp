#include "daemon/logging.hpp"

#include "adapters/systemd/journal.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>
#include <vector>

namespace hosting {
namespace {

// sd-daemon(3)'s priorities.
constexpr std::string_view priority_prefix(log_level level) {
    switch (level) {
    case log_level::debug: return "<7>";
    case log_level::info: return "<6>";
    case log_level::warning: return "<4>";
    case log_level::error: return "<3>";
    }
    return "<6>";
}

spdlog::level::level_enum spdlog_level(log_level level) {
    switch (level) {
    case log_level::debug: return spdlog::level::debug;
    case log_level::info: return spdlog::level::info;
    case log_level::warning: return spdlog::level::warn;
    case log_level::error: return spdlog::level::err;
    }
    return spdlog::level::info;
}

void append_clean(std::string& to, std::string_view text) {
    for (const char c : text)
        to.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c);
}

class stderr_log final : public service_log {
public:
    explicit stderr_log(log_level least)
        : terminal_(isatty(STDERR_FILENO) == 1)
        , logger_("stderr", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()) {
        logger_.set_pattern(terminal_ ? "%H:%M:%S %^%-7l%$ %v" : "%v");
        logger_.set_level(spdlog_level(least));
        logger_.flush_on(spdlog::level::trace);
    }

    bool enabled(log_level level) const noexcept override { return logger_.should_log(spdlog_level(level)); }

    void set_level(log_level least) override { logger_.set_level(spdlog_level(least)); }

    void write(log_level level, std::string_view message, std::span<const log_field> fields) override {
        if (!enabled(level)) return;
        std::string text = terminal_ ? log_text(message, for_people(fields)) : log_text(message, fields);
        if (!terminal_) text.insert(0, priority_prefix(level));
        logger_.log(spdlog_level(level), spdlog::string_view_t(text.data(), text.size()));
    }

private:
    static std::vector<log_field> for_people(std::span<const log_field> fields) {
        std::vector<log_field> shown;
        std::ranges::copy_if(fields, std::back_inserter(shown),
                             [](const log_field& f) { return f.key != "MESSAGE_ID"; });
        return shown;
    }

    bool terminal_;
    spdlog::logger logger_;
};

class journal_log final : public service_log {
public:
    explicit journal_log(log_level least)
        : least_(least)
        , otherwise_(log_level::debug) {}

    bool enabled(log_level level) const noexcept override { return level >= least_; }

    void set_level(log_level least) override { least_ = least; }

    void write(log_level level, std::string_view message, std::span<const log_field> fields) override {
        if (enabled(level) && !systemd::send_to_journal(level, message, fields))
            otherwise_.write(level, message, fields);
    }

private:
    std::atomic<log_level> least_;
    stderr_log otherwise_; // for what the journal does not take
};

} // namespace

std::string log_text(std::string_view message, std::span<const log_field> fields) {
    std::string text;
    append_clean(text, message);
    for (const auto& field : fields) {
        if (field.value.empty()) continue;
        text.append(" ").append(field.key).push_back('=');
        const bool quote = field.value.find_first_of(" \"=") != std::string::npos;
        if (!quote) {
            append_clean(text, field.value);
            continue;
        }
        text.push_back('"');
        for (const char c : field.value) {
            if (c == '"' || c == '\\') text.push_back('\\');
            append_clean(text, std::string_view(&c, 1));
        }
        text.push_back('"');
    }
    return text;
}

std::unique_ptr<service_log> make_log(log_level least, std::string_view target) {
    const bool wanted = target == "journal" || (target == "auto" && systemd::stderr_is_journal());
    if (wanted && systemd::journal_is_there()) return std::make_unique<journal_log>(least);
    std::unique_ptr<service_log> made = std::make_unique<stderr_log>(least);
    if (target == "journal")
        made->write(log_level::warning, "journald is not there: the log goes to stderr (log.target)", {});
    return made;
}

} // namespace hosting
