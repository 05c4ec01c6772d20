#!/usr/bin/env bash
# build.sh worker | dashboard    builds it, and prints what it weighs
# build.sh gallery               builds the dashboard with its page of all components, into target/gallery, for the tests
# build.sh agent                 builds it, with the dashboard that is built already
# build.sh limits                fails where one weighs too much
#
# `make build` calls these when something changed.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"

# Trunk takes NO_COLOR for a switch and refuses "1".
[ -z "${NO_COLOR:-}" ] || export NO_COLOR=true
# Of the tools themselves; the compiler's errors are what matters.
export RUST_BACKTRACE=0

# With a standard library that was built for size, which is a twentieth of each download. It needs the library's source, and the
# compiler's leave to use what isn't stable: -Zbuild-std.
export_own_std() {
    export RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD=std,panic_abort CARGO_UNSTABLE_BUILD_STD_FEATURES=optimize_for_size
}

# worker-build's own wasm-opt keeps the functions' names, a fifth of the download. Measured under gzip, -O2 is the
# smallest level, by half a percent, and is meant for speed. The features are those that worker-build allows.
build_worker() {
    local next=$LOOKUPD_ROOT/target/worker-build
    rm -rf "$next"
    (cd worker && export_own_std && worker-build --release --no-opt --out-dir ../target/worker-build)
    wasm-opt -O2 --enable-mutable-globals --enable-sign-ext --enable-nontrapping-float-to-int --enable-bulk-memory \
        --enable-multivalue --enable-reference-types --enable-exception-handling \
        "$next/index_bg.wasm" -o "$next/index_bg.wasm"
    mv "$next/index.js" "$next/built.js"
    cp worker/src/entry.js "$next/index.js"
    # Swapped at once, for whoever runs it meanwhile.
    rm -rf worker/build
    mv "$next" worker/build
    touch worker/build/index.js
}

build_dashboard() {
    rm -f dist/_headers
    trunk_build
}

build_gallery() {
    trunk_build --features gallery --dist "$LOOKUPD_ROOT/target/gallery/ui"
}

# Without the words of panics, which no one reads in a browser: the page itself says that it crashed. With its own standard library
# that is an eighth of the download.
trunk_build() {
    (export_own_std && RUSTFLAGS='-Zunstable-options -Cpanic=immediate-abort --cfg sha2_backend_soft="compact"' \
        trunk --config dashboard/Trunk.toml build "$@")
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
gallery) step build-gallery "building the dashboard with its page of components (a minute)" "The dashboard doesn't build" build_gallery ;;
agent)
    export LOOKUPD_DASHBOARD=$LOOKUPD_ROOT/dist
    step build-agent "building the agent (minutes the first time)" "The agent doesn't build" \
        cargo build --profile native -p lookupd-agent
    say "  target/native/lookupd-agent"
    ;;
limits) node tools/sizes.mjs --limits worker dashboard ;;
esac
