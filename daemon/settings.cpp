#include "daemon/settings.hpp"

#include <boost/asio/ip/host_name.hpp>
#include <chrono>

namespace hosting {
namespace {

runner_settings runner_settings_of(const configuration& c) {
    runner_settings s;
    s.machine.retry = {static_cast<unsigned>(c.retry.max_attempts), c.retry.first_delay, c.retry.max_delay,
                       c.certificates.give_up_after, c.retry.server_outage_limit};
    s.machine.keep_if_valid_for =
        std::chrono::duration_cast<std::chrono::seconds>(c.certificates.keep_if_valid_for);
    s.machine.preflight = c.certificates.preflight == "dns";
    s.machine.analytics = c.matomo.enabled;
    s.site_user_prefix = c.cloudpanel.site_user_prefix;
    s.default_server = c.cloudpanel.default_server;
    return s;
}

} // namespace

dispatcher_settings dispatcher_settings_of(const configuration& c) {
    dispatcher_settings s;
    s.poll_interval = c.supabase.poll_interval;
    s.limits = {static_cast<std::size_t>(c.daemon.max_sites_in_flight),
                static_cast<std::size_t>(c.ssh.channels_per_server)};
    s.orders_per_server_per_3h = static_cast<std::size_t>(c.certificates.orders_per_server_per_3h);
    s.runner = runner_settings_of(c);
    return s;
}

supabase::settings supabase_settings_of(const configuration& c) {
    return {*http::parse_url(c.supabase.url), c.supabase.service_key,
            static_cast<std::size_t>(c.supabase.page_size)};
}

shared_queue::settings shared_queue_settings_of(const configuration& c) {
    return {supabase_settings_of(c), c.queue.lease, c.queue.worker, boost::asio::ip::host_name()};
}

http::settings supabase_http(const configuration& c) {
    http::settings s;
    s.ca_file = c.supabase.ca_file;
    s.timeout = c.supabase.request_timeout;
    return s;
}

http::settings matomo_http(const configuration& c) {
    http::settings s;
    s.timeout = c.matomo.timeout;
    return s;
}

ssh::settings ssh_settings_of(const configuration& c, bool dry_run) {
    ssh::settings s;
    s.accept_new_host_keys = c.ssh.host_keys == "accept-new";
    s.remember_host_keys = !dry_run;
    s.known_hosts = c.ssh.known_hosts;
    s.connect_timeout = c.ssh.connect_timeout;
    s.channels_per_server = static_cast<std::size_t>(c.ssh.channels_per_server);
    s.keepalive = c.ssh.keepalive;
    s.idle_close = c.ssh.idle_close;
    return s;
}

cloudpanel::settings cloudpanel_settings_of(const configuration& c) {
    const auto whole = [](std::chrono::milliseconds d) { return std::chrono::ceil<std::chrono::seconds>(d); };
    return {whole(c.cloudpanel.site_add_timeout), whole(c.cloudpanel.certificate_timeout),
            c.supabase.poll_interval};
}

endpoint::settings endpoint_settings_of(const configuration& c) {
    return {c.http.listen, HOSTING_VERSION, *http::parse_url(c.supabase.url), c.supabase.service_key, {}};
}

} // namespace hosting
