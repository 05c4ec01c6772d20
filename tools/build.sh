#!/usr/bin/env bash
# build.sh worker | dashboard    builds it, and prints what it weighs
# build.sh limits                fails where one weighs too much
#
# `make build` calls these when something changed.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"

# Trunk takes NO_COLOR for a switch and refuses "1".
[ -z "${NO_COLOR:-}" ] || export NO_COLOR=true

build_worker() {
    rm -rf worker/build
    (cd worker && worker-build --release)
    touch worker/build/index.js
}

build_dashboard() {
    rm -f dist/_headers
    trunk --config dashboard/Trunk.toml build
}

case $1 in
worker)
    step build-worker "building the worker (a minute the first time)" "The worker doesn't build" build_worker
    node tools/sizes.mjs worker
    ;;
dashboard)
    step build-dashboard "building the dashboard (a minute the first time)" "The dashboard doesn't build" build_dashboard
    node tools/sizes.mjs dashboard
    ;;
limits) node tools/sizes.mjs --limits worker dashboard ;;
esac
