#!/usr/bin/env bash
# Installs what is missing, under the project (.tools, node_modules) except for the Rust target and the standard library's source, which
# go into the Rust toolchain, and what apt installs, which is the system's. Each part is asked whether it is there and
# right, so a second run takes a second.
#
# setup.sh build    what building, `make dev` and `make check` need
# setup.sh test     the same, and what only `make test` needs: Chromium, a C++ compiler, real NSQ where Go is, and NSQ's client libraries
# setup.sh bench    the same as for building, and what measuring beside others needs: wrk, Chromium, and real NSQ
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

# unchanged STAMP FILE…: whether the files are what they were at `stamp STAMP FILE…`.
unchanged() { [ "$(cat "$1" 2>/dev/null)" = "$(cat "${@:2}" | cksum)" ]; }
stamp() { cat "${@:2}" | cksum >"$1"; }

npm_packages() {
    set -- node_modules/.installed package.json package-lock.json
    ! unchanged "$@" || return 0
    step npm "npm packages: wrangler, Node 22, binaryen, esbuild (under a minute)" \
        "The npm packages can't be installed: is the network there?" npm ci --no-audit --no-fund
    stamp "$@"
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

# All that Cargo.lock names, and the standard library's own: Trunk builds offline. Where nothing is missing, this is a look at the disk.
crates() {
    local host
    host=$(rustc -vV | sed -n 's/^host: //p')
    set -- env RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD=std,panic_abort cargo fetch --target wasm32-unknown-unknown --target "$host"
    "$@" --offline >/dev/null 2>&1 ||
        step crates "Rust crates (seconds)" "The Rust crates can't be fetched: is the network there?" "$@"
}

chromium() {
    [ -z "${LOOKUPD_CHROMIUM_BIN:-}" ] || return 0
    by_apt chromium "Chromium by apt, for the browser tests (about 1 minute)" \
        "Chromium is missing, which the browser tests need: install it, or name one by CHROMIUM=/path"
}

# What the engine of the fuzz targets is compiled with.
cxx_compiler() {
    command -v "${CXX:-c++}" >/dev/null ||
        by_apt g++ "a C++ compiler by apt, for fuzzing (about 1 minute)" \
            "A C++ compiler (c++) is missing, which fuzzing needs: install g++ or clang, or name one by CXX=/path"
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
    set -- .tools/nsq/.built tests/nsq/go.mod tests/nsq/go.sum
    ! unchanged "$@" || return 0
    mkdir -p .tools/nsq
    step nsq "NSQ's own programs, to compare with and to talk to (under a minute)" \
        "NSQ can't be built: is the network there, and Go 1.24 or newer?" build_nsq
    stamp "$@"
}

build_nsq() {
    (cd tests/nsq && go build -o ../../.tools/nsq/ tool)
}

# The client libraries that the tests consume with. Where a language is missing, the tests of its libraries are skipped,
# except where CI=true.
client_libraries() {
    mkdir -p .tools/clients
    python_clients
    node_clients
    go_clients
    rust_clients
}

python_clients() {
    command -v python3 >/dev/null || return 0
    local home=.tools/clients/python
    set -- $home/.installed tests/clients/python/requirements.txt
    if unchanged "$@" && $home/bin/python3 --version >/dev/null 2>&1; then return 0; fi
    # Debian has it in a package of its own.
    python3 -c 'import ensurepip' 2>/dev/null ||
        by_apt python3-venv "Python's venv by apt (seconds)" "Python's venv is missing, which NSQ's Python clients are installed in: install it"
    rm -rf $home
    step clients-python "the NSQ clients of PyPI (seconds)" \
        "The NSQ clients of PyPI can't be installed: is the network there, and Python 3.11 or newer?" install_python_clients
    stamp "$@"
}

install_python_clients() {
    python3 -m venv .tools/clients/python
    .tools/clients/python/bin/python3 -m pip install --disable-pip-version-check --no-deps -r tests/clients/python/requirements.txt
}

node_clients() {
    local home=tests/clients/node
    set -- $home/node_modules/.installed $home/package.json $home/package-lock.json
    ! unchanged "$@" || return 0
    step clients-node "the NSQ client of npm (seconds)" \
        "The NSQ client of npm can't be installed: is the network there?" npm ci --prefix $home
    stamp "$@"
}

go_clients() {
    command -v go >/dev/null || return 0
    set -- .tools/clients/go/.built tests/clients/go/*
    ! unchanged "$@" || return 0
    mkdir -p .tools/clients/go
    step build-clients-go "the NSQ client of Go (seconds)" \
        "The NSQ client of Go can't be built: is the network there, and Go 1.24 or newer?" build_go_clients
    stamp "$@"
}

build_go_clients() {
    (cd tests/clients/go && go build -o ../../../.tools/clients/go/go-nsq .)
}

rust_clients() {
    local sources=tests/clients/rust
    set -- .tools/clients/rust/.built $sources/Cargo.toml $sources/Cargo.lock $sources/src/bin/*
    ! unchanged "$@" || return 0
    step build-clients-rust "the NSQ clients of crates.io (a minute or two)" \
        "The NSQ clients of crates.io can't be built: is the network there?" build_rust_clients
    stamp "$@"
}

build_rust_clients() {
    set -- cargo install --debug --locked --force --path tests/clients/rust --root .tools/clients/rust
    # One of them links OpenSSL.
    pkg-config --exists openssl || set -- "$@" --features vendored-openssl
    export CARGO_TARGET_DIR=$LOOKUPD_ROOT/.tools/clients/build CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0
    "$@"
    rm -rf "$CARGO_TARGET_DIR"
}

prerequisites
mkdir -p .tools
tools/wasm-target.sh
tools/wasm-target.sh source
npm_packages
cargo_tools
crates
case ${1:-build} in
test)
    chromium
    cxx_compiler
    nsq
    client_libraries
    ;;
bench)
    command -v go >/dev/null || fail "Go is missing, which builds the nsqlookupd to compare with: install Go 1.24 or newer."
    load_generator
    chromium
    nsq
    ;;
esac
