#!/usr/bin/env bash
# What can be said of the sources without running them. Warnings are errors here.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"

wasm=(--target wasm32-unknown-unknown -p lookupd-worker -p lookupd-dashboard --features lookupd-dashboard/gallery)
native=(--workspace --exclude lookupd-worker --exclude lookupd-dashboard)

for component in rustfmt clippy; do
    cargo "${component/rust/}" --version >/dev/null 2>&1 || rustup component add "$component" >/dev/null 2>&1 ||
        fail "$component is missing: \`rustup component add $component\`, then run this again."
done

say "· formatting"
{ cargo fmt --all -- --check -l && cargo fmt --manifest-path tests/clients/rust/Cargo.toml -- --check -l; } ||
    fail "Some sources aren't formatted: \`make fmt\`."

say "· lints (a minute or two the first time)"
cargo clippy --quiet "${native[@]}" --all-targets -- -D warnings
cargo clippy --quiet "${wasm[@]}" -- -D warnings

say "· docs"
RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps --document-private-items "${native[@]}"
RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps --document-private-items "${wasm[@]}"

tools/wasm-target.sh source
say "· lookupd-core without std, for $NO_STD_TARGET"
RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=target/no-std cargo build --quiet -p lookupd-core -Zbuild-std=core,alloc \
    --target "$NO_STD_TARGET"
