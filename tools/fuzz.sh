#!/usr/bin/env bash
# fuzz.sh [TARGET…]              fuzzes these, else all of tests/fuzz/targets, for FUZZ_SECONDS each (30), two at a time
#                                (FUZZ_JOBS); begins with the committed corpus, and with what earlier runs here found
# fuzz.sh reproduce TARGET FILE  runs one input, and tells what it runs into
# fuzz.sh corpus                 makes the corpus again: of all that is known, the fewest inputs that cover as much
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"

seconds=${FUZZ_SECONDS:-30}
fuzz=tests/fuzz
build=$LOOKUPD_ROOT/target/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')
programs=$build/$host/fuzz
findings=target/fuzz/findings

# The flags have the compiler count what is covered, and tell the engine of every comparison; cargo-fuzz passes the same.
# All stable. They mean the target alone, which is named so that build scripts and macros are built without them.
build_targets() {
    local flags="-Cpasses=sancov-module" option
    for option in level=4 inline-8bit-counters pc-table trace-compares; do
        flags+=" -Cllvm-args=-sanitizer-coverage-$option"
    done
    CARGO_TARGET_DIR=$build RUSTFLAGS=$flags cargo build --profile fuzz -p lookupd-fuzz --features engine --bins --target "$host"
}

all_targets() {
    local path
    for path in "$fuzz"/targets/*.rs; do basename "$path" .rs; done
}

# unpack TARGET FOLDER: a line of the committed corpus is an input, in escapes that printf knows.
unpack() {
    local line count=0
    rm -rf "$2"
    mkdir -p "$2"
    while IFS= read -r line; do
        case $line in '' | '#'*) continue ;; esac
        count=$((count + 1))
        printf '%b' "$line" >"$2/line-$count"
    done <"$fuzz/corpus/$1.txt"
}

# options TARGET: how its program is called. A single input takes well under a second and 100 MB.
options() {
    printf '%s\n' -timeout=10 -rss_limit_mb=512 -max_len=8192 -print_final_stats=1 "-artifact_prefix=$findings/$1-"
    if [ -f "$fuzz/dictionaries/$1.txt" ]; then printf '%s\n' "-dict=$fuzz/dictionaries/$1.txt"; fi
}

# Fuzzes one target, and tells of it in one line; of a finding in a few.
fuzz_one() {
    local target=$1 log=$logs/fuzz-$1.log found=$build/found/$1 status=0 before after edges runs input
    mkdir -p "$found"
    unpack "$target" "$build/corpus/$target"
    mapfile -t arguments < <(options "$target")
    RUST_BACKTRACE=1 "$programs/$target" "${arguments[@]}" "-max_total_time=$seconds" "$found" "$build/corpus/$target" \
        >"$log" 2>&1 </dev/null || status=$?
    before=$(sed -n 's/.*INITED cov: \([0-9]*\).*/\1/p' "$log" | head -n 1)
    after=$(sed -n 's/^#.* cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    edges=$(sed -n 's/.*inline 8-bit counters): \([0-9]*\).*/\1/p' "$log" | head -n 1)
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    if [ "$status" = 0 ]; then
        say "  $target: ${runs:?} runs, ${after:?} of ${edges:?} edges covered, $((after - ${before:?})) of them new; no finding"
        return
    fi
    input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    say "  $target: FOUND SOMETHING after ${runs:-?} runs (see ${log#"$LOOKUPD_ROOT"/})"
    grep -m 1 -A 1 -e panicked -e 'ERROR: libFuzzer' "$log" | sed 's/^/    /' || true
    if [ -n "$input" ]; then
        say "    input:      $input"
        say "    reproduce:  tools/fuzz.sh reproduce $target $input"
        say "    then fix it, and keep the input in $fuzz/corpus/$target.txt, under what it was"
    fi
    return 1
}

fuzz_all() {
    local jobs=${FUZZ_JOBS:-2} target start=$SECONDS ticker= status=0
    for target in "$@"; do
        [ -f "$fuzz/targets/$target.rs" ] || fail "$target is no fuzz target; there are: $(all_targets | tr '\n' ' ')"
    done
    mkdir -p "$findings" "$logs"
    step build-fuzz "building the fuzz targets (about a minute the first time)" "The fuzz targets don't build" build_targets
    say "· fuzzing $*: $seconds s each, $jobs at a time"
    if [ -t 1 ]; then
        while sleep 5 && kill -0 $$ 2>/dev/null; do printf '\r  %s s\r' $((SECONDS - start)); done &
        ticker=$!
    fi
    printf '%s\n' "$@" | FUZZ_SECONDS=$seconds xargs -n 1 -P "$jobs" tools/fuzz.sh one || status=$?
    if [ -n "$ticker" ]; then
        kill "$ticker" 2>/dev/null || true
        wait "$ticker" 2>/dev/null || true
    fi
    [ "$status" = 0 ] || fail "Fuzzing found something; what it was stands above."
}

reproduce() {
    local target=$1 input=$2
    [ -f "$input" ] || fail "There is no input $input."
    step build-fuzz "building the fuzz targets (about a minute the first time)" "The fuzz targets don't build" build_targets
    RUST_BACKTRACE=1 "$programs/$target" -timeout=10 -rss_limit_mb=512 "$input"
}

# Edges alone count, not how often each was passed: a tenth of the inputs.
make_corpus() {
    local target kept
    step build-fuzz "building the fuzz targets (about a minute the first time)" "The fuzz targets don't build" build_targets
    step build-seeds "the seeds" "The seeds can't be made" cargo run -p lookupd-fuzz --example seeds -- "$build/seeds"
    for target in $(all_targets); do
        kept=$build/kept/$target
        rm -rf "$kept"
        mkdir -p "$kept" "$build/found/$target"
        if [ -f "$fuzz/corpus/$target.txt" ]; then unpack "$target" "$build/seeds/$target/known"; fi
        step "corpus-$target" "the corpus of $target" "The corpus of $target can't be made" "$programs/$target" \
            -set_cover_merge=1 -use_counters=0 -max_len=8192 -rss_limit_mb=512 "$kept" "$build/seeds/$target" "$build/found/$target"
        cargo run --quiet -p lookupd-fuzz --example pack -- "$fuzz/corpus/$target.txt" "$kept"
        say "  $(wc -l <"$fuzz/corpus/$target.txt") lines, $(wc -c <"$fuzz/corpus/$target.txt") bytes"
    done
}

case ${1:-} in
one) fuzz_one "$2" ;;
reproduce) [ $# = 3 ] || fail "usage: tools/fuzz.sh reproduce TARGET FILE"; reproduce "$2" "$3" ;;
corpus) make_corpus ;;
"") mapfile -t targets < <(all_targets); fuzz_all "${targets[@]}" ;;
*) fuzz_all "$@" ;;
esac
