# What the scripts share; sourced.
# shellcheck shell=bash

# shellcheck source=tools/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
# shellcheck source=tools/versions.env
. "$LOOKUPD_ROOT/tools/versions.env"
cd "$LOOKUPD_ROOT"

logs=$LOOKUPD_ROOT/.tools/logs

say() { printf '%s\n' "$*"; }

# One sentence, and out.
fail() {
    printf 'lookupd-edge: %s\n' "$*" >&2
    exit 1
}

# step NAME DESCRIPTION FAILURE COMMAND…: runs the command with its output in a log, shows that time passes,
# and fails with the one sentence. A step named build-… shows its output when it fails: the errors are ours.
step() {
    local name=$1 description=$2 failure=$3 start=$SECONDS ticker=
    shift 3
    mkdir -p "$logs"
    say "· $description"
    if [ -t 1 ]; then
        while sleep 5 && kill -0 $$ 2>/dev/null; do printf '\r  %s s' $((SECONDS - start)); done &
        ticker=$!
    fi
    # Not `|| status=$?`, which would let the command run on after an error of its own.
    local status
    set +e
    (set -e && "$@") >"$logs/$name.log" 2>&1 </dev/null
    status=$?
    set -e
    if [ -n "$ticker" ]; then
        kill "$ticker" 2>/dev/null || true
        wait "$ticker" 2>/dev/null || true
        printf '\r'
    fi
    if [ "$status" != 0 ] && [ "${name#build-}" != "$name" ]; then cat "$logs/$name.log" >&2; fi
    [ "$status" = 0 ] || fail "$failure (see .tools/logs/$name.log)."
    say "  done in $((SECONDS - start)) s"
}
