#!/bin/sh
# Fuzzes each target for so many seconds of the processor's time (60 unless told), or those that are named, and
# keeps what it found worth keeping in `corpora/`, minimised, which the crate's tests replay:
#
#     sh fuzz/run.sh 1800             # half an hour each
#     sh fuzz/run.sh 600 scheme body  # ten minutes each of two
#
# On a machine that does other things as well it takes longer by the clock, and fuzzes as much.
# It stops at a finding and says in which file the input is. To see it again, smaller, and debugged:
#
#     cargo fuzz run --sanitizer none TARGET fuzz/artifacts/TARGET/crash-…
#     cargo fuzz tmin --sanitizer none TARGET fuzz/artifacts/TARGET/crash-…
#
# Once it is mended, its input belongs into the corpus: copy it to `fuzz/corpus/TARGET/` and run this again.
# It needs cargo-fuzz: `cargo install cargo-fuzz`. No nightly toolchain: the crate has no unsafe code for a
# sanitizer to look into.
set -eu
cd "$(dirname "$0")/.."

seconds=${1:-60}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- body keys payload provider scheme service
cargo fuzz --version >/dev/null 2>&1 || { echo "cargo-fuzz is missing: cargo install cargo-fuzz" >&2; exit 1; }

# Sets `spent` to the seconds of the processor's that what this script has run took so far. (Printed in a
# `$(…)`, they would be those of that subshell: none.)
look_at_time_spent() {
    times >"$clock"
    spent=$(awk -F '[ms ]+' 'NR == 2 { print int($1 * 60 + $2 + $3 * 60 + $4) }' "$clock")
}
clock=$(mktemp)
trap 'rm -f "$clock"' EXIT

# The known answers, and what was kept before, are what it starts from.
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
    look_at_time_spent
    end=$((spent + seconds))
    # In slices, for libFuzzer knows only the clock.
    while [ "$spent" -lt $end ]; do
        left=$((end - spent))
        cargo fuzz run --sanitizer none "$target" -- -max_total_time=$((left < 120 ? left : 120)) -max_len=2048 \
            -timeout=20 -rss_limit_mb=1024 -print_final_stats=1
        look_at_time_spent
        echo "$target: $((seconds - end + spent)) of $seconds seconds of the processor's"
    done
    # Kept is what reaches code that neither the known answers nor a shorter input do; of `service` also what
    # does so more often, for there it is the order of things that matters.
    kept=fuzz/kept/$target
    rm -rf "$kept"
    mkdir -p "$kept"
    cp "$folder"/seed-* "$kept/"
    case $target in service) counters=1 ;; *) counters=0 ;; esac
    cargo fuzz run --sanitizer none "$target" "$kept" "$folder" -- -merge=1 -use_counters=$counters -max_len=2048
    rm "$kept"/seed-*
    # The shortest, up to 180 kB.
    for file in "$kept"/*; do
        base64 -w 0 <"$file"
        echo
    done | awk '{ print length($0), $0 }' | sort -n | awk '(sum += $1) <= 180000 { print $2 }' |
        LC_ALL=C sort -u >"fuzz/corpora/$target.base64"
done
