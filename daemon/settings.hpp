// From the configuration to what each part wants to know of it.
#pragma once

#include "adapters/cloudpanel/cloudpanel.hpp"
#include "adapters/http/client.hpp"
#include "adapters/shared_queue/shared_queue.hpp"
#include "adapters/ssh/client.hpp"
#include "adapters/supabase/supabase.hpp"
#include "core/dispatcher.hpp"
#include "daemon/configuration.hpp"
#include "daemon/endpoint/endpoint.hpp"

namespace hosting {

[[nodiscard]] dispatcher_settings dispatcher_settings_of(const configuration&);
[[nodiscard]] supabase::settings supabase_settings_of(const configuration&);
[[nodiscard]] shared_queue::settings shared_queue_settings_of(const configuration&);
[[nodiscard]] http::settings supabase_http(const configuration&);
[[nodiscard]] http::settings matomo_http(const configuration&);
// `dry_run`: nothing is written down.
[[nodiscard]] ssh::settings ssh_settings_of(const configuration&, bool dry_run);
[[nodiscard]] cloudpanel::settings cloudpanel_settings_of(const configuration&);
[[nodiscard]] endpoint::settings endpoint_settings_of(const configuration&);

} // namespace hosting
