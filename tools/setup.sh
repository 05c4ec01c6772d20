#!/usr/bin/env bash
# Installs what is missing, under the project (.tools, node_modules) except for the Rust target, which goes into
# the Rust toolchain, and Chromium, which is the system's. Each part is asked whether it is there and right, so a
# second run takes a second.
#
# setup.sh build    what building, `make dev` and `make check` need
# setup.sh test     the same, and what only `make test` needs: Chromium, and real NSQ where Go is
# setup.sh bench    the same as for building, and what `make bench-nsq` needs: wrk, and real NSQ
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"

prerequisites() {
    command -v cargo >/dev/null || fail "Rust is missing: install it with rustup, then run this again."
    { command -v node && command -v npm; } >/dev/null ||
        fail "Node.js with npm is missing: install Node 20 or newer, then run this again."
    command -v cc >/dev/null || fail "A C compiler (cc) is missing, which Rust links with: install gcc or clang, then run this again."
    local have need
    have=$(rustc --version | cut -d' ' -f2)
    need=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    at_least "$have" "$need" || fail "Rust $have is too old, $need is needed: run \`rustup update\`, then this again."
}

# at_least 1.95.0 1.91
at_least() {
    local have=${1%%-*} need=$2
    [ "$((${have%%.*} * 1000 + $(cut -d. -f2 <<<"$have")))" -ge "$((${need%%.*} * 1000 + $(cut -d. -f2 <<<"$need")))" ]
}

npm_packages() {
    local stamp=node_modules/.installed sum
    sum=$(cat package.json package-lock.json | cksum)
    [ "$(cat $stamp 2>/dev/null)" != "$sum" ] || return 0
    step npm "npm packages: wrangler, Node 22, binaryen, esbuild (under a minute)" \
        "The npm packages can't be installed: is the network there?" npm ci --no-audit --no-fund
    printf '%s\n' "$sum" >$stamp
}

# cargo_tool PACKAGE VERSION DURATION
cargo_tool() {
    local package=$1 version=$2 duration=$3
    # Cargo's own record of what is installed.
    if ! grep -q "^\"$package $version " .tools/.crates.toml 2>/dev/null; then
        step "$package" "$package $version ($duration on two cores)" \
            "$package $version can't be installed: is the network there?" install_tool "$package" "$version"
    fi
}

# Unoptimised: built in half the time, and no slower to use. A registry can lag behind a tool's own lock file.
install_tool() {
    local package=$1 version=$2
    set -- cargo install --debug --root .tools --version "=$version" "$package"
    export CARGO_TARGET_DIR=$LOOKUPD_ROOT/.tools/build CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0
    "$@" --locked || "$@"
}

cargo_tools() {
    local wasm_bindgen
    wasm_bindgen=$(grep -A1 '^name = "wasm-bindgen"$' Cargo.lock | sed -n 's/^version = "\(.*\)"/\1/p')
    cargo_tool wasm-bindgen-cli "$wasm_bindgen" "about 1 minute"
    cargo_tool worker-build "$WORKER_BUILD_VERSION" "about 2 minutes"
    cargo_tool trunk "$TRUNK_VERSION" "about 3 minutes"
    rm -rf .tools/build
}

# All that Cargo.lock names, because Trunk builds offline. Where nothing is missing, this is a look at the disk.
crates() {
    local host
    host=$(rustc -vV | sed -n 's/^host: //p')
    set -- cargo fetch --target wasm32-unknown-unknown --target "$host"
    "$@" --offline >/dev/null 2>&1 ||
        step crates "Rust crates (seconds)" "The Rust crates can't be fetched: is the network there?" "$@"
}

chromium() {
    [ -z "${LOOKUPD_CHROMIUM_BIN:-}" ] || return 0
    by_apt chromium "Chromium by apt, for the browser tests (about 1 minute)" \
        "Chromium is missing, which the browser tests need: install it, or name one by CHROMIUM=/path"
}

load_generator() {
    command -v wrk >/dev/null ||
        by_apt wrk "wrk by apt, to measure with (seconds)" "wrk is missing, which asks the daemons while they are measured: install it"
}

# by_apt PACKAGE DESCRIPTION MISSING
by_apt() {
    local package=$1 description=$2 missing=$3 root=()
    command -v apt-get >/dev/null || fail "$missing."
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || fail "$missing (\`sudo apt-get install $package\`)."
        root=(sudo -n)
    fi
    step "$package" "$description" "$missing" apt_install "$package" "${root[@]}"
}

# apt_install PACKAGE [sudo -n]
apt_install() {
    local package=$1
    shift
    export DEBIAN_FRONTEND=noninteractive
    "$@" apt-get install -y --no-install-recommends "$package" ||
        { "$@" apt-get update && "$@" apt-get install -y --no-install-recommends "$package"; }
}

# NSQ's own programs, to compare with and to talk to. Without Go the tests that run them are skipped, except where CI=true.
nsq() {
    [ -f tests/nsq/go.mod ] && command -v go >/dev/null || return 0
    local stamp=.tools/nsq/.built sum
    sum=$(cat tests/nsq/go.mod tests/nsq/go.sum | cksum)
    [ "$(cat $stamp 2>/dev/null)" != "$sum" ] || return 0
    mkdir -p .tools/nsq
    step nsq "NSQ's own programs, to compare with and to talk to (under a minute)" \
        "NSQ can't be built: is the network there, and Go 1.24 or newer?" build_nsq
    printf '%s\n' "$sum" >$stamp
}

build_nsq() {
    (cd tests/nsq && go build -o ../../.tools/nsq/ tool)
}

prerequisites
mkdir -p .tools
tools/wasm-target.sh
npm_packages
cargo_tools
crates
case ${1:-build} in
test)
    chromium
    nsq
    ;;
bench)
    command -v go >/dev/null || fail "Go is missing, which builds the nsqlookupd to compare with: install Go 1.24 or newer."
    load_generator
    nsq
    ;;
esac
