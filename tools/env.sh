# To be sourced by bash: the project's own tools first on the PATH, and where they are for whoever starts them.
# It installs nothing; `make setup` does.
# shellcheck shell=bash

LOOKUPD_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export LOOKUPD_ROOT

# node_modules/.bin holds Node 22, which wrangler needs, before the machine's own.
case ":$PATH:" in
*":$LOOKUPD_ROOT/.tools/bin:"*) ;;
*) export PATH="$LOOKUPD_ROOT/.tools/bin:$LOOKUPD_ROOT/node_modules/.bin:$PATH" ;;
esac

# worker-build downloads what it isn't told.
export WASM_BINDGEN_BIN="$LOOKUPD_ROOT/.tools/bin/wasm-bindgen"
export WASM_OPT_BIN="$LOOKUPD_ROOT/node_modules/.bin/wasm-opt"
export ESBUILD_BIN="$LOOKUPD_ROOT/node_modules/.bin/esbuild"

# What the tests look for.
export LOOKUPD_WORKER_BUILD="$LOOKUPD_ROOT/worker/build"
export LOOKUPD_ASSETS="$LOOKUPD_ROOT/dist"
export LOOKUPD_WORKERD_BIN="$LOOKUPD_ROOT/node_modules/workerd/bin/workerd"
export LOOKUPD_AGENT_BIN="${LOOKUPD_AGENT_BIN:-$LOOKUPD_ROOT/target/debug/lookupd-agent}"
if [ -x "$LOOKUPD_ROOT/.tools/nsq/nsqlookupd" ]; then
    export LOOKUPD_NSQLOOKUPD_BIN="$LOOKUPD_ROOT/.tools/nsq/nsqlookupd"
    export LOOKUPD_NSQD_BIN="$LOOKUPD_ROOT/.tools/nsq/nsqd"
    export LOOKUPD_NSQADMIN_BIN="$LOOKUPD_ROOT/.tools/nsq/nsqadmin"
    export LOOKUPD_NSQ_TAIL_BIN="$LOOKUPD_ROOT/.tools/nsq/nsq_tail"
    export LOOKUPD_TO_NSQ_BIN="$LOOKUPD_ROOT/.tools/nsq/to_nsq"
fi
export LOOKUPD_NODE_BIN="$LOOKUPD_ROOT/node_modules/.bin/node"
export LOOKUPD_CLIENTS_PYTHON="$LOOKUPD_ROOT/.tools/clients/python/bin/python3"
export LOOKUPD_CLIENTS_NODE="$LOOKUPD_ROOT/tests/clients/node/node_modules"
export LOOKUPD_CLIENTS_GO="$LOOKUPD_ROOT/.tools/clients/go/go-nsq"
export LOOKUPD_CLIENTS_RUST="$LOOKUPD_ROOT/.tools/clients/rust/bin"
if [ -z "${LOOKUPD_CHROMIUM_BIN:-}" ]; then
    for candidate in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Chromium.app/Contents/MacOS/Chromium" \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null; then
            LOOKUPD_CHROMIUM_BIN=$(command -v "$candidate")
            export LOOKUPD_CHROMIUM_BIN
            break
        fi
    done
    unset candidate
fi

# Nothing phones home or looks for updates.
export WRANGLER_SEND_METRICS=false
export WRANGLER_SEND_ERROR_REPORTS=false
export WRANGLER_HIDE_BANNER=true
export CLOUDFLARE_CF_FETCH_ENABLED=false
export TRUNK_SKIP_VERSION_CHECK=true
export NO_UPDATE_NOTIFIER=1
