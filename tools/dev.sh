#!/usr/bin/env bash
# Serves what is built, until Ctrl-C. State is kept in .wrangler/state.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"

url=http://127.0.0.1:${PORT:=8787}
node -e 'require("net").createServer().once("error", () => process.exit(1)).listen(process.argv[1], "127.0.0.1", () => process.exit(0))' \
    "$PORT" || fail "Port $PORT is taken: choose another, as in \`make dev PORT=8788\`."

wrangler dev --ip 127.0.0.1 --port "$PORT" --inspector-port 0 --persist-to .wrangler/state --var ANONYMOUS:write \
    --var "HOSTS:127.0.0.1:$PORT,localhost:$PORT" \
    --show-interactive-dev-session=false --log-level warn &
server=$!
# Ctrl-C reaches only this shell, because a shell's background processes ignore it.
trap 'kill -INT $server 2>/dev/null || true' INT TERM

ready() { node -e 'fetch(process.argv[1], { signal: AbortSignal.timeout(5000) }).then(() => process.exit(0), () => process.exit(1))' "$url/ping"; }
open_browser() {
    if [ "$(uname)" = Darwin ]; then
        open "$1"
    elif [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && command -v xdg-open >/dev/null; then
        xdg-open "$1"
    fi >/dev/null 2>&1 || true
}

say "· starting the worker (a few seconds)"
while kill -0 $server 2>/dev/null && ! ready; do sleep 0.2; done
if kill -0 $server 2>/dev/null; then
    say "  the registry   $url"
    say "  the dashboard  $url/ui/"
    say "  Ctrl-C stops it. Anyone on this machine may write; what is registered is kept in .wrangler/state."
    open_browser "$url/ui/"
fi
# A trapped signal ends `wait`, not the server.
while kill -0 $server 2>/dev/null; do wait $server || true; done
