#!/usr/bin/env bash
# Every test. The worker runs on the real workerd, the agent among NSQ's own programs, the dashboard in a real Chromium;
# what a machine can't run is skipped with its reason, or is a failure where CI=true.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"

say "· tests of each package (compiling takes a minute or two the first time)"
cargo test --workspace --exclude lookupd-tests
# What `cargo test` builds of the agent is for its own tests; others start this one. The lints may have compiled it before there
# was a dashboard.
LOOKUPD_DASHBOARD=$LOOKUPD_ASSETS cargo build -p lookupd-agent

if [ -f tests/browser/run.mjs ]; then
    say "· the dashboard in Chromium"
    node tests/browser/run.mjs
fi

say "· the worker on workerd, and the agent among NSQ's own programs"
cargo test -p lookupd-tests

tools/fuzz.sh
