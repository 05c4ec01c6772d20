#!/usr/bin/env bash
# Makes the Rust toolchain able to build for wasm32-unknown-unknown: by rustup; where rustup can't reach its
# server, by building the target's standard library once from its source.
#
# wasm-target.sh           the target
# wasm-target.sh source    the standard library's source alone (for the dashboard's own build of it, and for the no_std proof)
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"

target=wasm32-unknown-unknown
sysroot=$(rustc --print sysroot)
version=$(rustc --version | cut -d' ' -f2)
library=$sysroot/lib/rustlib/src/rust/library
scratch=$LOOKUPD_ROOT/.tools/wasm-target

# A standard library can be there and be wrong: of another release, or without the bitcode that LTO reads.
probe() {
    mkdir -p "$scratch"
    printf '#[unsafe(no_mangle)] pub extern "C" fn probe() -> usize { std::env::args().count() }\n' >"$scratch/probe.rs"
    rustc --edition 2024 --crate-type cdylib --target $target -C lto -C panic=abort -C opt-level=0 \
        -o "$scratch/probe.wasm" "$scratch/probe.rs" >"$scratch/probe.log" 2>&1
}

have_source() { [ -f "$library/core/src/lib.rs" ] && [ -f "$library/Cargo.lock" ]; }

# Tried in the order of what is ordinary.
bring_source() {
    if have_source; then return; fi
    [ -w "$sysroot/lib/rustlib" ] || { say "$sysroot can't be written to"; return 1; }
    rustup component add rust-src || true
    if have_source; then return; fi
    rm -rf "$scratch/source"
    mkdir -p "$scratch/source"
    if [ -n "${RUST_SRC:-}" ]; then
        if [ -d "$RUST_SRC" ]; then cp -R "$RUST_SRC/." "$scratch/source"; else tar -xf "$RUST_SRC" -C "$scratch/source"; fi
    else
        debian_source
    fi
    # Rust's whole source, as Debian has it, holds several folders of that name.
    local vendor
    while read -r vendor; do
        [ -f "${vendor%/vendor}/std/Cargo.toml" ] || continue
        rm -rf "$library"
        mkdir -p "$library"
        cp -R "${vendor%/vendor}/." "$library"
        break
    done < <(find "$scratch/source" -type d -name vendor)
    rm -rf "$scratch/source" "$scratch/apt"
    # Cargo insists on every member of the workspace, and an archive may come without the library's own tests.
    local member
    for member in coretests alloctests; do
        [ -d "$library/$member" ] || sed -i.orig "/^ *\"$member\",$/d" "$library/Cargo.toml"
    done
    have_source || { say "no source of the standard library there"; return 1; }
}

# Debian's package of this very version, from any suite of the machine's own mirror. apt is given its own
# lists, so it needs no root and changes nothing of the system.
debian_source() {
    local mirror apt=$scratch/apt suite found
    command -v apt-get >/dev/null || { say "no apt-get"; return 1; }
    # shellcheck disable=SC2016 # apt expands it.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | sort -u | sed -n 1p)
    [ -n "$mirror" ] || { say "apt has no mirror"; return 1; }
    for suite in $RUST_SRC_SUITES; do
        rm -rf "$apt"
        mkdir -p "$apt/lists/partial" "$apt/archives/partial"
        printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$mirror" "$suite" >"$apt/sources.list"
        set -- -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$apt/lists" \
            -o "Dir::Cache=$apt" -o "Dir::Cache::archives=$apt/archives" -o APT::Sandbox::User= \
            -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
        apt-get "$@" update || continue
        found=$(apt-cache "$@" madison rust-src | cut -d'|' -f2 | tr -d ' ' | grep "^${version}[+~-]" | sed -n 1p || true)
        [ -n "$found" ] || continue
        (cd "$apt" && apt-get "$@" download "rust-src=$found" && dpkg-deb -x rust-src_*.deb "$scratch/source") && return 0
    done
    say "no suite of $mirror has rust-src $version"
    return 1
}

# Without the bitcode LTO fails. The crate is empty, and must not be named like one of the library's.
build_target() {
    local crate=$scratch/empty deps=$sysroot/lib/rustlib/$target/lib
    rm -rf "$crate"
    mkdir -p "$crate/src"
    printf '[package]\nname = "lookupd-empty"\nedition = "2024"\n[workspace]\n' >"$crate/Cargo.toml"
    : >"$crate/src/lib.rs"
    (cd "$crate" && RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR=$crate/target \
        cargo build --release -Zbuild-std=std,panic_abort --target $target)
    mkdir -p "$deps"
    rm -f "$deps"/*.rlib
    cp "$crate/target/$target/release/deps"/*.rlib "$deps"
    rm -f "$deps"/liblookupd_empty-*.rlib
    # What was built against another standard library can't be linked with this one.
    rm -rf "$LOOKUPD_ROOT/target/$target"
}

bring_target() {
    rustup target add $target || true
    if probe; then return; fi
    bring_source
    build_target
    probe || { cat "$scratch/probe.log"; return 1; }
}

case ${1:-} in
source)
    have_source || step rust-src "the source of Rust's standard library (seconds)" \
        "The source of Rust $version's standard library can't be found, neither by \`rustup component add rust-src\` nor by RUST_SRC nor as a Debian package" \
        bring_source
    ;;
*)
    probe || step rust-target "the Rust target $target (seconds by rustup, else built in about 2 minutes)" \
        "The Rust target $target can't be installed: \`rustup target add $target\` failed, and so did building it from Rust's source" \
        bring_target
    ;;
esac
