#include "daemon/reload.hpp"

#include "daemon/configuration_keys.hpp"

namespace hosting {
namespace {

bool follows_state_dir(const configuration& c) {
    return c.ssh.known_hosts == c.daemon.state_dir / "known_hosts";
}

} // namespace

reload_result reload(const configuration& running, loaded_configuration loaded) {
    reload_result out{running, std::move(loaded.mistakes), {}, {}};
    if (!out.mistakes.empty()) return out;
    for (auto& key : take_changes(out.value, loaded.value)) {
        // Nobody wrote it: it went along with daemon.state_dir.
        if (key.name == "ssh.known_hosts" && follows_state_dir(running) && follows_state_dir(loaded.value))
            continue;
        (key.takes == effect::at_once ? out.taken : out.at_restart).push_back(std::move(key.name));
    }
    return out;
}

} // namespace hosting
