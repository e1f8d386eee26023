// Where Matomo's credentials come from: the configuration, or else the Hub's table.
#pragma once

#include "adapters/matomo/matomo.hpp"
#include "adapters/supabase/supabase.hpp"
#include "daemon/configuration.hpp"

namespace hosting {

// The hub must outlive what is returned.
[[nodiscard]] matomo::credentials_source matomo_credentials(const configuration&, supabase::hub&);

} // namespace hosting
