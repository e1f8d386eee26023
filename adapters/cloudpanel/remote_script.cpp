#include "adapters/cloudpanel/remote_script.hpp"

#include <initializer_list>
#include <stdexcept>

namespace hosting::cloudpanel {
namespace {

// The texts stand between single quotes on the command line, so they must not contain one.
// Parameters: 1 nonce, 2 domain, 3 lock wait (s), 4 command limit (s).

// One process for the whole look. It prints the vhost's root lines and the certificates.
constexpr std::string_view look_function = R"sh(n=$1 d=$2 w=$3 l=$4
export LC_ALL=C.UTF-8
trap "" HUP PIPE
v=/etc/nginx/sites-enabled/$d.conf
look() {
[ ! -e "$v" ] || echo "$n vhost"
sed -n -e "s/^[[:space:]]*root[[:space:]]\{1,\}/root /p" -e "/^-----BEGIN CERT/,/^-----END CERT/p" "$v" /etc/nginx/ssl-certificates/$d.crt 2>/dev/null
}
echo "$n begin"
)sh";

// The lock file is root's alone: whoever can open it can hold it. `command` keeps a failing exec from ending
// the shell. After a time-out the command's own processes may go on (sudo and su stand between): the lock is
// kept for them.
constexpr std::string_view lock_functions = R"sh(umask 077
command exec 9>>/run/lock/hosting-automator.lock || { echo "$n lock-error"; exit 74; }
umask 022
flock -w "$w" -E 75 9
s=$?
[ $s = 0 ] || { echo "$n lock $s"; exit 75; }
run() {
echo "$n run"
timeout -k 5 "$l" clpctl "$@" </dev/null 9>&-
s=$?
if [ $s = 124 ] || [ $s = 137 ]; then
i=0
while [ $i -lt "$w" ] && { pgrep -f -- "--domainName=$d( |\$)" >/dev/null; [ $? != 1 ]; }; do sleep 1; i=$((i+1)); done
fi
echo
echo "$n exit $s"
}
)sh";

// 5 user, 6 password, 7 "over" to make the site over an orphan.
constexpr std::string_view create_body = R"sh(if [ "$7" != over ] && [ -e "$v" ]; then echo "$n found"
else
eval "h=~$5"
if [ "$h" != "~$5" ]; then echo "$n user-used"
else run site:add:static --domainName="$d" --siteUser="$5" --siteUserPassword="$6"
fi
fi
echo "$n view"
look
echo "$n end"
)sh";

// 5 the mark of the certificate last seen, or - for none.
constexpr std::string_view install_body = R"sh(c=$(look)
case $c in
*"BEGIN CERT"*) [ "$5" != - ] || g=no;;
*) [ "$5" = - ] || g=no;;
esac
[ "$5" = - ] || case $c in *"$5"*) ;; *) g=no;; esac
if [ "$g" = no ]; then echo "$n guard"
else run lets-encrypt:install:certificate --domainName="$d"
fi
echo "$n view"
look
echo "$n end"
)sh";

constexpr std::string_view look_body = R"sh(echo "$n view"
look
echo "$n end"
)sh";

std::string assemble(bool use_sudo, std::initializer_list<std::string_view> script,
                     std::initializer_list<std::string> parameters) {
    // /bin/sh whatever the user's login shell is.
    std::string text = use_sudo ? "exec sudo -n /bin/sh -c '" : "exec /bin/sh -c '";
    for (const auto part : script)
        text += part;
    text += "' hosting-automator";
    for (const auto& p : parameters)
        text += ' ' + p;
    return text;
}

std::string seconds_text(std::chrono::seconds s) { return std::to_string(s.count()); }

} // namespace

shell_word::shell_word(std::string_view text)
    : text_(text) {
    constexpr std::string_view harmless =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-+/=";
    if (text.empty() || text.find_first_not_of(harmless) != std::string_view::npos)
        throw std::invalid_argument("not a harmless word for a shell");
}

std::string look_command(const shell_word& nonce, const shell_word& domain, bool use_sudo) {
    return assemble(use_sudo, {look_function, look_body}, {nonce.text(), domain.text(), "0", "0"});
}

std::string create_command(const shell_word& nonce, const shell_word& domain, const shell_word& user,
                           const shell_word& password, bool over_orphan, script_limits limits,
                           bool use_sudo) {
    return assemble(use_sudo, {look_function, lock_functions, create_body},
                    {nonce.text(), domain.text(), seconds_text(limits.lock_wait), seconds_text(limits.step),
                     user.text(), password.text(), over_orphan ? "over" : "new"});
}

std::string install_command(const shell_word& nonce, const shell_word& domain, const shell_word& mark,
                            script_limits limits, bool use_sudo) {
    return assemble(use_sudo, {look_function, lock_functions, install_body},
                    {nonce.text(), domain.text(), seconds_text(limits.lock_wait), seconds_text(limits.step),
                     mark.text()});
}

} // namespace hosting::cloudpanel
