#!/bin/sh
# Set-up for the Makefile, one step per call:
#   setup.sh venv run|dev          .venv with the packages of requirements/<run|dev>.lock and this project
#   setup.sh debian PACKAGE...     the Debian packages, by apt-get when root, else a message that names what is missing
#   setup.sh secrets FILE          FILE with a generated password for each that docker-compose.yml asks for
#   setup.sh compose               whether docker-compose accepts docker-compose.yml
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

# Where invoke-rc.d looks for it.
policy=${DPKG_ROOT:-}/usr/sbin/policy-rc.d
made=
log=

tidy() {
    [ -z "$made" ] || rm -f "$policy"
    [ -z "$log" ] || rm -f "$log"
    made=
    log=
}

debian() {
    missing=
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        say "Missing Debian packages:$missing"
        say "Install them with: sudo apt-get update && sudo apt-get install$missing"
        return 1
    fi
    say "Installing Debian packages:$missing"
    # However this ends, by Ctrl-C too, nothing is left that keeps services of this machine from starting.
    trap tidy EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    log=$(mktemp)
    # policy-rc.d 101 = install without starting services: the tests bring their own servers up and down.
    if [ ! -e "$policy" ]; then
        made=yes
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    # shellcheck disable=SC2086 # a list of words on purpose
    if (apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $missing) >"$log" 2>&1; then
        status=0
    else
        status=$?
        tail -n 20 "$log" >&2
        say "apt-get could not install:$missing"
    fi
    tidy
    trap - EXIT HUP INT TERM
    return "$status"
}

python3_at_least_311() {
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

venv() {
    kind=$1
    if ! command -v python3 >/dev/null 2>&1; then
        debian python3 python3-venv
    fi
    if ! python3_at_least_311; then
        say "Python 3.11 or newer is needed; python3 here is: $(python3 --version 2>&1)"
        return 1
    fi
    # Debian ships ensurepip apart from python3, in python3-venv.
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        debian python3-venv
    fi
    if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
        rm -rf .venv
        python3 -m venv .venv
    fi
    say "Installing the locked packages (requirements/$kind.lock) into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
        -r "requirements/$kind.lock"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    touch ".venv/$kind.stamp"
    [ "$kind" = run ] || touch .venv/run.stamp
}

secrets() {
    file=$1
    if [ -e "$file" ] && [ "${FORCE:-}" != 1 ]; then
        say "$file is there already and was left as it is. FORCE=1 writes new passwords; but PostgreSQL, InfluxDB and"
        say "Grafana keep those with which their volumes were made, and would then let nobody in."
        return 1
    fi
    umask 077
    draft=$(mktemp "$file.XXXXXX")
    # Every ${NAME:?...} of the file; hexadecimal, which no shell, URL or YAML reads as anything else.
    for name in $(grep -o '\${[A-Z_]*:?' docker-compose.yml | tr -d '${:?' | sort -u); do
        printf '%s=%s\n' "$name" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
    done >"$draft"
    mv "$draft" "$file"
    say "Wrote $(grep -c = "$file") generated passwords to $file, for your eyes only: $(cut -d= -f1 "$file" | tr '\n' ' ')"
}

compose() {
    trap 'rm -rf "$folder"' EXIT
    folder=$(mktemp -d)
    secrets "$folder/env" 2>"$folder/log"
    docker-compose --env-file "$folder/env" --profile demo --profile accounts --profile stations config --quiet
}

step=$1
shift
"$step" "$@"
