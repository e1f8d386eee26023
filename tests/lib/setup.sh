# Sourced by tests/demo and tests/run: installs what is missing, builds, and says how long each phase took.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
export LC_ALL=C.UTF-8
# Debian's own Python: its packages (pytest, psycopg2) belong to it, whatever else is first in PATH.
python=/usr/bin/python3

die() { echo "$*" >&2; exit 1; }

# phase NAME COMMAND...: runs the command and prints its seconds.
phase() {
    local name=$1 start=$SECONDS code=0
    shift
    echo "== $name"
    "$@" || code=$?
    echo "== $name: $((SECONDS - start)) s$([ $code = 0 ] || echo ", FAILED with $code")"
    return $code
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@" 2>/dev/null || sudo "$@"; fi
}

# The version that apt would install; empty: none. (No `grep -q` in pipes here: under pipefail it may fail its writer.)
candidate() { apt-cache policy "$1" | sed -n 's/^  Candidate: \([^(].*\)/\1/p'; }

is_available() { [ -n "$(candidate "$1")" ]; }

boost_packages() {
    if is_available libboost-json1.81-dev; then
        echo libboost1.81-dev libboost-json1.81-dev libboost-test1.81-dev # Debian 12
    else
        echo libboost-dev libboost-json-dev libboost-test-dev
    fi
}

build_packages() {
    echo g++ cmake ninja-build pkg-config dpkg-dev debian-archive-keyring ccache \
        libspdlog-dev libcli11-dev libtomlplusplus-dev libidn2-dev libpsl-dev libsqlite3-dev libc-ares-dev libssl-dev \
        libsystemd-dev prometheus-cpp-dev
    boost_packages
    # Debian 12's libssh2 is too old and built by configuring; a newer distribution's is used as it is.
    if dpkg --compare-versions "$(candidate libssh2-1-dev)" ge 1.11; then echo libssh2-1-dev; fi
}

sandbox_packages() {
    echo python3 python3-psycopg2 postgresql nginx openssh-server openssh-client openssl sudo procps util-linux
    command -v npm >/dev/null || echo npm
}

test_packages() {
    # prometheus: promtool, which judges what the endpoint shows.
    echo python3-pytest python3-pytest-xdist strace mount curl prometheus
    if is_available clang-tidy-16; then
        echo clang-tidy-16 clang-format-16
    else
        echo clang-tidy clang-format
    fi
    # For the fuzzers. Debian 12's plain clang (14) cannot read its own libstdc++.
    if is_available clang-16; then
        echo clang-16 libclang-rt-16-dev
    else
        echo clang libclang-rt-dev
    fi
}

# The Debian package, and the machine that it is tried on.
package_packages() { echo build-essential debhelper lintian systemd-container mmdebstrap groff-base; }
# Other clients, to be measured beside.
bench_packages() { echo python3-paramiko strace findutils; }

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Services must not start on the user's machine because their packages were installed for the tests.
without_services() {
    local policy=/usr/sbin/policy-rc.d mark="# of hosting-automator's tests" code=0
    # One that is not ours stays; one that an interrupted run left is.
    if [ -e "$policy" ] && ! grep -qx "$mark" "$policy"; then "$@"; return; fi
    # shellcheck disable=SC2064
    trap "as_root rm -f $policy" EXIT
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    "$@" || code=$?
    as_root rm -f "$policy"
    trap - EXIT
    return $code
}

# install KIND...: what is missing of build, sandbox, test and package packages.
install() {
    command -v apt-get >/dev/null || die "apt-get is missing: this needs Debian 12 or newer"
    [ -n "$(find /var/lib/apt/lists -name '*_Packages*' -print -quit 2>/dev/null)" ] || as_root apt-get -q update
    local kind package missing=()
    for kind in "$@"; do
        for package in $("${kind}_packages"); do
            is_installed "$package" || missing+=("$package")
        done
    done
    [ ${#missing[@]} = 0 ] && return
    echo "installing: ${missing[*]}"
    get() {
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
            install --no-install-recommends "${missing[@]}" >"$1" 2>&1
    }
    local log
    log=$(mktemp)
    without_services get "$log" || { as_root apt-get -q update && without_services get "$log"; } ||
        { tail -n 20 "$log"; die "apt-get install failed"; }
    rm -f "$log"
}

# Runs a command that is silent when it succeeds.
quietly() {
    local log code=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 || { code=$?; grep -E -A 20 'error|FAILED|Error' "$log" | head -n 200; }
    rm -f "$log"
    return $code
}

jobs=${HOSTING_JOBS:-$(nproc)}

# build PRESET [OPTION...]: configures where needed, and builds everything of it.
build() { quietly cmake --preset "$@" && quietly cmake --build --preset "$1" -j "$jobs"; }

build_program() { quietly cmake --preset release && quietly cmake --build --preset release -j "$jobs" --target hosting-automatord; }

# The package that tests/package tries.
build_package() { HOSTING_PACKAGE=$(HOSTING_JOBS=$jobs packaging/build-deb) && export HOSTING_PACKAGE; }

# The sandbox makes namespaces and mounts, so what uses it runs as root.
as_root_here() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo --preserve-env=HOSTING_AUTOMATORD,HOSTING_SANITIZER,HOSTING_PACKAGE "$@"; fi
}
