#include "adapters/shared_queue/work.hpp"

#include "adapters/shared_queue/answers.hpp"
#include "adapters/shared_queue/calls.hpp"

namespace hosting::shared_queue {

boost::asio::awaitable<result<std::optional<work_view>>> look_at_work(supabase::settings project,
                                                                      http::client& over) {
    const auto answer = co_await make_look(project, over);
    if (answer.not_there) co_return std::optional<work_view>();
    if (!answer.value) co_return answer.why;
    auto work = read_work(*answer.value);
    if (!work) co_return work.error();
    co_return std::optional(std::move(*work));
}

boost::asio::awaitable<result<std::optional<job_view>>> look_at_job(supabase::settings project,
                                                                    http::client& over, job_question about) {
    std::vector<std::pair<std::string, std::string>> arguments;
    for (auto& [name, value] : {std::pair("site", &about.site_id), std::pair("place", &about.place),
                                std::pair("registered", &about.registered)})
        if (!value->empty()) arguments.emplace_back(name, std::move(*value));
    const auto answer = co_await make_look(project, over, std::move(arguments));
    if (answer.not_there) co_return std::optional<job_view>();
    if (!answer.value) co_return answer.why;
    auto job = read_job(*answer.value, answer.clocks.value_or(clock_difference()));
    if (!job) co_return job.error();
    co_return std::optional(std::move(*job));
}

} // namespace hosting::shared_queue
