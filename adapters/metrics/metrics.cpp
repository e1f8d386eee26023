#include "adapters/metrics/metrics.hpp"

#include "adapters/metrics/gauges.hpp"

#include <array>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <utility>

namespace hosting::metrics {
namespace {

constexpr std::array all_stages{stage::site, stage::certificate, stage::analytics, stage::report};
static_assert(all_stages.size() == stage_count);

// From a look at a server nearby to the longest certificate.
const prometheus::Histogram::BucketBoundaries duration_bounds_s{0.05, 0.1, 0.25, 0.5, 1,   2.5, 5,
                                                                10,   30,  60,   120, 300, 600};

class prometheus_figures final : public figures {
public:
    prometheus_figures() {
        // Series that are there from the start, at zero, miss no first event.
        for (const stage each : all_stages)
            durations_.Add({{"stage", std::string(to_string(each))}}, duration_bounds_s);
        for (const bool answered : {true, false})
            polls_.Add({{"result", result_of(answered)}});
    }

    void stage_ended(stage which, std::chrono::steady_clock::duration took,
                     std::optional<errc> why_not) override {
        const std::string name(to_string(which));
        const std::chrono::duration<double> seconds = took;
        durations_.Add({{"stage", name}}, duration_bounds_s).Observe(seconds.count());
        if (why_not) failures_.Add({{"stage", name}, {"code", std::string(code_name(*why_not))}}).Increment();
    }

    void poll_ended(bool answered) override { polls_.Add({{"result", result_of(answered)}}).Increment(); }

    std::string text(const service_status& now, const ssh_counts& ssh) const override {
        auto all = families_of(now);
        for (auto& each : families_of(ssh))
            all.push_back(std::move(each));
        for (auto& each : registry_.Collect())
            all.push_back(std::move(each));
        return prometheus::TextSerializer().Serialize(all);
    }

private:
    static std::string result_of(bool answered) { return answered ? "ok" : "failed"; }

    prometheus::Registry registry_;
    prometheus::Family<prometheus::Histogram>& durations_ =
        prometheus::BuildHistogram()
            .Name("hosting_stage_duration_seconds")
            .Help("How long a try of a stage's step took, without the wait for its turn.")
            .Register(registry_);
    prometheus::Family<prometheus::Counter>& failures_ =
        prometheus::BuildCounter()
            .Name("hosting_stage_failures_total")
            .Help("Tries of a stage's step that failed, by the code that error_message has.")
            .Register(registry_);
    prometheus::Family<prometheus::Counter>& polls_ = prometheus::BuildCounter()
                                                          .Name("hosting_polls_total")
                                                          .Help("Polls of Supabase, by what came of them.")
                                                          .Register(registry_);
};

} // namespace

std::unique_ptr<figures> make_figures() { return std::make_unique<prometheus_figures>(); }

} // namespace hosting::metrics
