#include "raw_client.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <filesystem>
#include <poll.h>
#include <stdexcept>

namespace {

bool is_readable(int descriptor, std::chrono::milliseconds time) {
    pollfd one{descriptor, POLLIN, 0};
    return ::poll(&one, 1, static_cast<int>(time.count())) > 0;
}

} // namespace

raw_client::raw_client(const boost::asio::ip::tcp::endpoint& where) { socket_.connect(where); }

bool raw_client::send(std::string_view bytes) {
    boost::system::error_code failed;
    boost::asio::write(socket_, boost::asio::buffer(bytes), failed);
    return !failed;
}

raw_answer raw_client::read_answer(bool with_body) {
    auto end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
        if (!read_more()) return {};
    raw_answer out;
    out.head = buffer_.substr(0, end + 4);
    buffer_.erase(0, end + 4);
    out.status = static_cast<unsigned>(std::atoi(out.head.c_str() + sizeof("HTTP/1.1")));
    const auto length = out.head.find("Content-Length: ");
    if (length == std::string::npos || !with_body) return out;
    const auto size = static_cast<std::size_t>(std::atol(out.head.c_str() + length + 16));
    while (buffer_.size() < size)
        if (!read_more()) return {};
    out.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
}

std::string raw_client::read_all() {
    while (read_more()) {
    }
    return std::exchange(buffer_, {});
}

void raw_client::wait_for_bytes() {
    if (!is_readable(socket_.native_handle(), std::chrono::seconds(30)))
        throw std::runtime_error("nothing came within 30 s");
}

bool raw_client::ended_within(std::chrono::milliseconds time) {
    const auto limit = std::chrono::steady_clock::now() + time;
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(limit - std::chrono::steady_clock::now());
        if (!is_readable(socket_.native_handle(), std::max(left, std::chrono::milliseconds(0)))) return false;
        if (!read_more()) return true;
    }
}

bool raw_client::read_more() {
    if (!is_readable(socket_.native_handle(), std::chrono::seconds(30)))
        throw std::runtime_error("the server says nothing");
    char piece[16 * 1024];
    boost::system::error_code failed;
    const auto count = socket_.read_some(boost::asio::buffer(piece), failed);
    buffer_.append(piece, count);
    return !failed;
}

std::size_t open_sockets() {
    std::size_t count = 0;
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        if (std::filesystem::read_symlink(each, gone).string().starts_with("socket:")) ++count;
    }
    return count;
}
