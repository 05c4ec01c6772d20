#!/usr/bin/env bash
# NSQ's own programs around the agent, each command as it is run with what it shows: two nsqd that are published to, a
# consumer that finds them, nsqadmin, and what is found after a kill -9 to either kind. It takes some seconds.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"

[ -x "${LOOKUPD_NSQD_BIN:-}" ] || fail "NSQ's own programs are missing: install Go 1.24 or newer, then run this again."
cargo build --quiet -p lookupd-agent
PATH=$(dirname "$LOOKUPD_AGENT_BIN"):$(dirname "$LOOKUPD_NSQD_BIN"):$PATH

work=$(mktemp -d)
trap 'kill -9 $(cat "$work"/*.pid) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT

tell() { printf '\n# %s\n' "$*"; }

# start NAME COMMAND…: it runs on; what it prints and logs goes into files.
start() {
    local name=$1
    shift
    printf '$ %s &\n' "$*"
    "$@" >"$work/$name.out" 2>"$work/$name.log" &
    echo $! >"$work/$name.pid"
}

# listens NAME PROTOCOL: waits until it does, and says where.
listens() {
    until grep -q " $2: listening on " "$work/$1.log"; do
        kill -0 "$(cat "$work/$1.pid")" 2>/dev/null || fail "$1 ended: $(tail -1 "$work/$1.log")"
        sleep 0.02
    done
    sed -n "s/.* $2: listening on //p" "$work/$1.log"
}

# kill9 NAME
kill9() {
    local pid
    pid=$(cat "$work/$1.pid")
    printf '$ kill -9 %s    # %s\n' "$pid" "$1"
    kill -9 "$pid"
    wait "$pid" 2>/dev/null || true
    rm "$work/$1.pid"
}

# publish NSQD MESSAGE…
publish() {
    local nsqd=$1
    shift
    printf "\$ printf '%s' | to_nsq --topic=orders --nsqd-tcp-address=%s\n" "$(printf '%s\\n' "$@")" "$nsqd"
    printf '%s\n' "$@" | to_nsq --topic=orders --nsqd-tcp-address="$nsqd" 2>/dev/null
}

# consumed COUNT: waits until the consumer has printed so many messages, and shows them.
consumed() {
    until [ "$(wc -l <"$work/nsq_tail.out")" -ge "$1" ]; do sleep 0.02; done
    sed 's/^/nsq_tail: /' "$work/nsq_tail.out"
}

# show CURL'S ARGUMENTS…
show() {
    printf '$ curl -s %s\n' "$*"
    curl -s "$@" | node -e "$lay_out"
}

# show_counts CURL'S ARGUMENTS…: without what is 0, empty or null, of which nsqadmin's counts have much.
show_counts() {
    printf '$ curl -s %s    # but for what is 0, empty or null\n' "$*"
    curl -s "$@" | node -e "$lay_out" counts
}

lay_out='
    const something = (value) => (value instanceof Object ? Object.values(value).some(something) : value);
    const counts = (key, value) => (something(value) || key === "" ? value : undefined);
    const text = require("node:fs").readFileSync(0, "utf8");
    const answer = JSON.parse(text, process.argv[1] === "counts" ? counts : undefined);
    console.log(require("node:util").inspect(answer, { depth: 9, breakLength: 200, compact: 2 }));'

# agent TCP HTTP
agent() {
    start agent lookupd-agent --tcp-address="$1" --http-address="$2" --broadcast-address=127.0.0.1 --data-path="$work/registry"
    tcp=$(listens agent TCP) http=$(listens agent HTTP)
}

tell "The agent takes nsqlookupd's flags, and has one to forget nothing."
printf '$ lookupd-agent --version\n'
lookupd-agent --version
agent 127.0.0.1:0 127.0.0.1:0

tell "Two nsqd announce themselves to it; nsqadmin and a consumer ask it."
for nsqd in nsqd-1 nsqd-2; do
    mkdir "$work/$nsqd"
    start $nsqd nsqd --lookupd-tcp-address="$tcp" --broadcast-address=127.0.0.1 \
        --tcp-address=127.0.0.1:0 --http-address=127.0.0.1:0 --data-path="$work/$nsqd"
done
start nsqadmin nsqadmin --lookupd-http-address="$http" --http-address=127.0.0.1:0
start nsq_tail nsq_tail --lookupd-http-address="$http" --topic=orders --channel=billing \
    --consumer-opt=lookupd_poll_interval,200ms
first=$(listens nsqd-1 TCP) second=$(listens nsqd-2 TCP)
node=$(listens nsqd-1 HTTP) admin=$(listens nsqadmin HTTP)

tell "What is published to either reaches the consumer."
publish "$first" "a book" "a pen"
publish "$second" "a lamp"
consumed 3
show "http://$http/lookup?topic=orders"

tell "What nsqadmin shows."
show "http://$admin/api/topics"
show "http://$admin/api/nodes"
show_counts "http://$admin/api/topics/orders"

tell "nsqadmin takes the topic from the first nsqd: a tombstone, and the topic is deleted there. The consumer stays away."
show -X DELETE "http://$admin/api/nodes/$node" -d '{"topic":"orders"}'
publish "$second" "a chair"
consumed 4
show "http://$http/lookup?topic=orders"
show "http://$admin/api/nodes"

tell "Who publishes there again brings it back."
publish "$first" "a table"
consumed 5
show "http://$http/lookup?topic=orders"

tell "kill -9 to the first nsqd: nobody is sent there any more."
kill9 nsqd-1
while curl -s "http://$http/lookup?topic=orders" | grep -q "\"http_port\":${node##*:},"; do sleep 0.02; done
show "http://$http/lookup?topic=orders"

tell "kill -9 to the agent: it has forgotten nothing, and consumers find the other nsqd before that has noticed."
kill9 agent
agent "$tcp" "$http"
show "http://$http/lookup?topic=orders"
show "http://$admin/api/nodes"
