#!/bin/sh
# Fuzzes all targets, or the named ones, each for a number of seconds of processor time (default: 60). The
# minimized corpus is stored in `corpora/`, which the crate's tests replay:
#
#     sh fuzz/run.sh 1800             # half an hour for each target
#     sh fuzz/run.sh 600 scheme body  # ten minutes for each of two targets
#
# Because processor time counts, the script takes longer on a busy machine, but fuzzes as much. At a finding the
# script stops and names the file with the input. To reproduce and to minimize the finding:
#
#     cargo fuzz run --sanitizer none TARGET fuzz/artifacts/TARGET/crash-…
#     cargo fuzz tmin --sanitizer none TARGET fuzz/artifacts/TARGET/crash-…
#
# After the fix, add the input to the corpus: copy the file to `fuzz/corpus/TARGET/` and run this script again.
# The script needs cargo-fuzz (`cargo install cargo-fuzz`), but no nightly toolchain: the crate has no unsafe
# code that a sanitizer could check.
set -eu
cd "$(dirname "$0")/.."

seconds=${1:-60}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- body keys payload provider scheme service
cargo fuzz --version >/dev/null 2>&1 || { echo "cargo-fuzz is missing: cargo install cargo-fuzz" >&2; exit 1; }

# Sets `spent` to the seconds of processor time that this script's commands have used. (Command substitution
# would run in a subshell, whose time is zero.)
read_time_spent() {
    times >"$clock"
    spent=$(awk -F '[ms ]+' 'NR == 2 { print int($1 * 60 + $2 + $3 * 60 + $4) }' "$clock")
}
clock=$(mktemp)
trap 'rm -f "$clock"' EXIT

# Start from the known answers and the stored corpus.
FUZZ_SEEDS=1 cargo test --locked --all-features --test fuzz_corpus known_answers
for target in "$@"; do
    folder=fuzz/corpus/$target
    mkdir -p "$folder"
    number=0
    while read -r line; do
        number=$((number + 1))
        printf %s "$line" | base64 -d >"$folder/kept-$number"
    done <"fuzz/corpora/$target.base64"

    cargo fuzz build --sanitizer none "$target"
    read_time_spent
    end=$((spent + seconds))
    # Run the fuzzer in slices, because libFuzzer limits only wall-clock time.
    while [ "$spent" -lt $end ]; do
        left=$((end - spent))
        cargo fuzz run --sanitizer none "$target" -- -max_total_time=$((left < 120 ? left : 120)) -max_len=2048 \
            -timeout=20 -rss_limit_mb=1024 -print_final_stats=1
        read_time_spent
        echo "$target: $((seconds - end + spent)) of $seconds seconds of processor time"
    done
    # Keep an input only if neither the known answers nor a shorter input reach the same code. For `service`, also
    # keep inputs that run some code more often, because the order of events matters there.
    kept=fuzz/kept/$target
    rm -rf "$kept"
    mkdir -p "$kept"
    cp "$folder"/seed-* "$kept/"
    case $target in service) counters=1 ;; *) counters=0 ;; esac
    cargo fuzz run --sanitizer none "$target" "$kept" "$folder" -- -merge=1 -use_counters=$counters -max_len=2048
    rm "$kept"/seed-*
    # Store the shortest inputs, up to 180 kB in total.
    for file in "$kept"/*; do
        base64 -w 0 <"$file"
        echo
    done | awk '{ print length($0), $0 }' | sort -n | awk '(sum += $1) <= 180000 { print $2 }' |
        LC_ALL=C sort -u >"fuzz/corpora/$target.base64"
done
