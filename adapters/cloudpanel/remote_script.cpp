#include "adapters/cloudpanel/remote_script.hpp"

#include <initializer_list>
#include <stdexcept>

namespace hosting::cloudpanel {
namespace {

// Perl without modules, which take longer to load than all the rest: hence numbers where Fcntl and POSIX have
// names. The texts stand between single quotes on the command line, so they must not contain one; nor a `!`
// that csh would take for history, nor a doubled backslash, which fish halves.

constexpr std::string_view beginning = R"pl(
($n, $d, $w, $l, $ours, $queue, $token, @more) = @ARGV;
$SIG{HUP} = $SIG{PIPE} = "IGNORE";
$SIG{CHLD} = "DEFAULT";
$ENV{LC_ALL} = "C.UTF-8";
$vhost = "/etc/nginx/sites-enabled/$d.conf";
$state = "/var/lib/hosting-automator";
sub report { print "$n @_\n" }
report "begin";
)pl";

// `content` is undef where there is no such file, or none that can be read.
constexpr std::string_view look_functions = R"pl(
sub content {
    -f $_[0] and open my $file, "<", $_[0] or return undef;
    defined(read $file, my $text, -s _) or return undef;
    return $text;
}
sub certificate {
    content("/etc/nginx/ssl-certificates/$d.crt") =~ /^-----BEGIN CERT[^-]*-----[^-]*(?:-----END.*)?/m ? "$&\n" : "";
}
sub view {
    report "view";
    report "vhost" if -e $vhost;
    print map { "root $_\n" } content($vhost) =~ /^\h*root\h+(.*)/mg;
    print certificate();
    report "end";
}
)pl";

// The lock file is root's alone: whoever can open it can hold it. Perl closes it where it starts a program.
// `within` tells whether what may block came to its end within so many seconds.
constexpr std::string_view lock_part = R"pl(
$SIG{ALRM} = sub { die };
sub within {
    my ($seconds, $block) = @_;
    eval { alarm $seconds; $block->(); alarm 0; 1 };
}
umask 077;
open my $lock, ">>", "/run/lock/hosting-automator.lock" or do {
    print STDERR "$n begin\n$! \n";
    report "lock-error";
    exit 74;
};
flock $lock, 6 or $w && within($w, sub { flock $lock, 2 or die }) or do {
    report "lock 75";
    exit 75;
};
)pl";

// Perl takes its time for each line of its own language, but not for a string: what is seldom needed is read
// when it is. `put` writes a file whole or not at all.
constexpr std::string_view seldom_part = R"pl(
$seldom = q{
    sub folder { -d $_[0] or mkdir $_[0] }
    sub put {
        my ($name, $text) = @_;
        open my $file, ">", "$name.new" or return;
        print $file "$text\n" and close $file and rename "$name.new", $name;
    }
    sub is_running {
        local $/;
        opendir my $processes, "/proc" or return 1;
        for (grep /^\d/, readdir $processes) {
            open my $line, "<", "/proc/$_/cmdline" or next;
            return 1 if <$line> =~ /--domainName=\Q$d\E(?:[\0 ]|$)/;
        }
        return 0;
    }
};
)pl";

// Who was frozen past the end of its lease has a lower token than who took over. A fence that cannot be kept
// is not passed. An empty file is what a power cut leaves.
constexpr std::string_view fence_part = R"pl(
sub stop { report @_; report "end"; exit }
sub pass_fence {
    my $name = "$state/fence/$queue";
    my $seen = -e "$name/$d" ? content("$name/$d") : 0;
    defined $seen and $seen =~ /^\d*$/ or stop("fence-error", "$name/$d cannot be read or holds no number");
    chomp $seen;
    stop("fenced", $seen) if $seen > $token;
    eval $seldom;
    $seen == $token
        or folder($state) and folder("$state/fence") and folder($name) and put("$name/$d", $token)
        or stop("fence-error", "$name/$d cannot be written: $! ");
}
pass_fence();
)pl";

// Whoever changes a server leaves its installation's id there, so that two who do are noticed. Where the file
// cannot be written, nothing but the warning is lost.
constexpr std::string_view installation_note = R"pl(
my ($other) = split /\n/, content("$state/installation");
if ($other ne $ours) {
    report "installation", $other if $other =~ /^[0-9A-Za-z-]{1,64}$/;
    eval $seldom;
    folder($state) and put("$state/installation", $ours);
}
umask 022;
)pl";

// A server whose locale is broken makes perl warn on stderr before it runs anything: only what stands there
// behind `begin` is ours. That goes out together with what was reported so far: each word on its own would
// wake sshd and us once more. clpctl leads a group of its own, to which TERM goes, and KILL 5 s later. After
// a time-out its own processes may go on (sudo and su stand between): the lock is kept for them.
constexpr std::string_view run_function = R"pl(
sub clpctl {
    setpgrp;
    open STDIN, "<", "/dev/null";
    exec "clpctl", @_;
    my $why = $! ;
    print STDERR "clpctl: $why\n";
    exit($why == 2 ? 127 : 126);
}
sub status_of {
    my ($child) = @_;
    my $wait = sub { waitpid $child, 0 };
    return $? & 127 ? 128 + ($? & 127) : $? >> 8 if within($l, $wait);
    kill $_, $child for -15, -18;
    return 124 if within(5, $wait);
    kill -9, $child;
    return 137;
}
sub run {
    report "run";
    print STDERR "$n begin\n";
    $| = 1;
    defined(my $child = fork) or die "fork: $! \n";
    $child or clpctl(@_);
    $| = 0;
    my $status = status_of($child);
    if ($status == 124 or $status == 137) {
        eval $seldom;
        for (1 .. $w) { is_running() or last; sleep 1 }
    }
    print "\n";
    report "exit", $status;
}
)pl";

// "over" makes the site over an orphan. A user with a folder for this very domain, but no vhost, is what an
// attempt left that broke off.
constexpr std::string_view create_body = R"pl(
my ($user, $password, $how) = @more;
if ($how ne "over" and -e $vhost) { report "found" }
elsif (my @account = getpwnam $user) {
    report "user-used";
    report "orphan" if -d "$account[7]/htdocs/$d";
}
else { run("site:add:static", "--domainName=$d", "--siteUser=$user", "--siteUserPassword=$password") }
view();
)pl";

// The mark of the certificate last seen, or - for none.
constexpr std::string_view install_body = R"pl(
my ($mark) = @more;
my $seen = certificate();
if ($mark eq "-" ? $seen ne "" : index($seen, $mark) < 0) { report "guard" }
else { run("lets-encrypt:install:certificate", "--domainName=$d") }
view();
)pl";

constexpr std::string_view look_body = "view();";

// For /bin/sh, which there is even where perl is not. 1 nonce, 2 the limit of each command (s). Takes no lock
// and writes nothing.
constexpr std::string_view probe_script = R"sh(n=$1
export LC_ALL=C.UTF-8
trap "" HUP PIPE
echo "$n begin"
[ -x /usr/bin/perl ] || echo "$n lacks perl"
command -v timeout >/dev/null || echo "$n lacks timeout"
echo "$n version $(timeout -k 5 "$2" dpkg-query -W -f "\${Version}" cloudpanel </dev/null 2>/dev/null)"
echo "$n run"
timeout -k 5 "$2" clpctl vhost-templates:list </dev/null
s=$?
echo
echo "$n exit $s"
echo "$n end"
)sh";

// On one line: csh quotes no line's end.
std::string one_line(std::initializer_list<std::string_view> parts) {
    std::string text;
    for (const auto part : parts)
        for (const char c : part) {
            const bool blank = c == ' ' || c == '\n';
            if (!blank || (!text.empty() && text.back() != ' ')) text += blank ? ' ' : c;
        }
    return text;
}

std::string command_line(std::string text, std::initializer_list<std::string> parameters) {
    for (const auto& p : parameters)
        text += ' ' + p;
    return text;
}

std::string acting(std::string_view fence, std::string_view body) {
    return one_line(
        {beginning, look_functions, lock_part, seldom_part, fence, installation_note, run_function, body});
}

// Perl takes its time for each line that it reads: the fence's are sent where there is one.
struct perl_scripts {
    std::string look = one_line({beginning, look_functions, look_body});
    std::string create = acting("", create_body);
    std::string create_leased = acting(fence_part, create_body);
    std::string install = acting("", install_body);
    std::string install_leased = acting(fence_part, install_body);
};

const perl_scripts& scripts() {
    static const perl_scripts all;
    return all;
}

// Whatever the user's login shell is. What sudo must allow is a shell (see the README): it alone tells what
// to run.
std::string perl_command(bool use_sudo, const std::string& script,
                         std::initializer_list<std::string> parameters) {
    const std::string quoted = '\'' + script + '\'';
    return command_line(use_sudo ? R"(exec sudo -n /bin/sh -c 'exec /usr/bin/perl -e "$0" -- "$@"' )" + quoted
                                 : "exec /usr/bin/perl -e " + quoted + " --",
                        parameters);
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

actor::actor(shell_word installation_id, const fence& guard)
    : installation(std::move(installation_id))
    , queue(guard.queue.empty() ? "-" : guard.queue)
    , token(guard.token) {
    // It names a folder on the server.
    if (queue.text().find_first_of("./") != std::string::npos)
        throw std::invalid_argument("not the id of a queue");
}

std::string look_command(const shell_word& nonce, const shell_word& domain, bool use_sudo) {
    return perl_command(use_sudo, scripts().look, {nonce.text(), domain.text()});
}

std::string probe_command(const shell_word& nonce, std::chrono::seconds limit, bool use_sudo) {
    const std::string start = use_sudo ? "exec sudo -n /bin/sh -c '" : "exec /bin/sh -c '";
    return command_line(start + std::string(probe_script) + "' hosting-automator",
                        {nonce.text(), seconds_text(limit)});
}

std::string create_command(const shell_word& nonce, const shell_word& domain, const actor& who,
                           const shell_word& user, const shell_word& password, bool over_orphan,
                           script_limits limits, bool use_sudo) {
    return perl_command(use_sudo, who.is_leased() ? scripts().create_leased : scripts().create,
                        {nonce.text(), domain.text(), seconds_text(limits.lock_wait),
                         seconds_text(limits.step), who.installation.text(), who.queue.text(),
                         std::to_string(who.token), user.text(), password.text(),
                         over_orphan ? "over" : "new"});
}

std::string install_command(const shell_word& nonce, const shell_word& domain, const actor& who,
                            const shell_word& mark, script_limits limits, bool use_sudo) {
    return perl_command(use_sudo, who.is_leased() ? scripts().install_leased : scripts().install,
                        {nonce.text(), domain.text(), seconds_text(limits.lock_wait),
                         seconds_text(limits.step), who.installation.text(), who.queue.text(),
                         std::to_string(who.token), mark.text()});
}

} // namespace hosting::cloudpanel
