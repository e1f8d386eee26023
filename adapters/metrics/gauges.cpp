#include "adapters/metrics/gauges.hpp"

#include "adapters/metrics/server_labels.hpp"

#include <chrono>

namespace hosting::metrics {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;
using seconds = std::chrono::duration<double>;

class family {
public:
    family(std::string name, std::string help, MetricType type)
        : made_{std::move(name), std::move(help), type, {}} {}

    family& add(double value, std::vector<prometheus::ClientMetric::Label> labels = {}) {
        auto& one = made_.metric.emplace_back();
        one.label = std::move(labels);
        if (made_.type == MetricType::Counter)
            one.counter.value = value;
        else
            one.gauge.value = value;
        return *this;
    }

    [[nodiscard]] MetricFamily done() { return std::move(made_); }

private:
    MetricFamily made_;
};

double count(std::size_t n) { return static_cast<double>(n); }

MetricFamily sites(const scheduler_counts& s) {
    return family("hosting_sites", "Sites that are not done, by what they do.", MetricType::Gauge)
        .add(count(s.running), {{"state", "running"}})
        .add(count(s.ready), {{"state", "ready"}})
        .add(count(s.sleeping), {{"state", "waiting"}})
        .done();
}

MetricFamily oldest(std::chrono::milliseconds age) {
    return family("hosting_oldest_pending_age_seconds",
                  "For how long the oldest site that is not done is known to wait.", MetricType::Gauge)
        .add(seconds(age).count())
        .done();
}

MetricFamily last_success(std::optional<wall_time> when) {
    return family("hosting_last_success_timestamp_seconds",
                  "When a site became active for the last time, in Unix time; 0: not since the start.",
                  MetricType::Gauge)
        .add(when ? seconds(when->time_since_epoch()).count() : 0)
        .done();
}

} // namespace

std::vector<MetricFamily> families_of(const service_status& now) {
    std::vector<MetricFamily> all{sites(now.sites), oldest(now.oldest_pending),
                                  last_success(now.last_success)};
    family orders("hosting_acme_orders_remaining",
                  "Certificates that may still be ordered in the present window of three hours.",
                  MetricType::Gauge);
    family parked("hosting_server_parked",
                  "Whether a server cannot be used now (1), and its sites wait or fail.", MetricType::Gauge);
    const auto labels = server_labels(now.servers);
    for (std::size_t i = 0; i < labels.size(); ++i) {
        orders.add(count(now.servers[i].orders_remaining), {{"server", labels[i]}});
        parked.add(now.servers[i].cause ? 1 : 0, {{"server", labels[i]}});
    }
    all.push_back(orders.done());
    all.push_back(parked.done());
    return all;
}

std::vector<MetricFamily> families_of(const ssh_counts& ssh) {
    std::vector<MetricFamily> all;
    all.push_back(family("hosting_ssh_connections", "SSH sessions to servers.", MetricType::Gauge)
                      .add(count(ssh.connecting), {{"state", "connecting"}})
                      .add(count(ssh.connected), {{"state", "connected"}})
                      .done());
    all.push_back(family("hosting_ssh_connects_total",
                         "Attempts to connect and log in to a server, whatever came of them.",
                         MetricType::Counter)
                      .add(static_cast<double>(ssh.connects))
                      .done());
    return all;
}

} // namespace hosting::metrics
