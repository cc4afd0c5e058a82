#!/bin/sh
# Counts the instructions of the hot paths, and fails if they exceed the counts in
# benches/instructions.tsv:
#
#     sh benches/instructions.sh             # compares
#     sh benches/instructions.sh --update    # writes the new counts and keeps the reasons, for you to edit
#
# If a change needs more instructions, update the lines of the affected paths, and state the reason
# in each.
#
# The counts of one program vary by 0.05 %, because maps have random seeds and the memory store's
# cache reads the clock. Growth of more than TOLERANCE per cent has another cause: the code, a
# different compiler, or a different C library (its malloc and memcpy count as well). Such growth fails
# the script even if a different compiler causes it, because nothing else detects a slowdown by a new
# compiler. If the script fails with a different compiler, the output names both compilers: update the
# file in a separate change, on top of a commit that passed with the old compiler. A decrease is printed
# and does not fail the script.
set -eu
cd "$(dirname "$0")/.."
. tests/need.sh
need valgrind valgrind

TOLERANCE=2
DELIVERIES=1000
file=benches/instructions.tsv
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

# All features but `postgres`: sqlx turns on the feature `log` of tracing, which adds 170 instructions to each span.
features=axum,tonic,form,compression,canonical-json,asymmetric,jwt,unicode,redis,metrics,tracing,test-util
program=$(cargo bench --locked --features "$features" --bench instructions --no-run --message-format=json |
    sed -n 's/.*"name":"instructions".*"executable":"\([^"]*\)".*/\1/p')
[ -x "$program" ] || { say "The benchmark 'instructions' was not built."; exit 1; }
made_with="$(rustc -V), $(valgrind --version), $(uname -sm)"

# One line per path, with the instructions of one delivery.
for path in $("$program"); do
    valgrind --tool=callgrind --toggle-collect='instructions::measured*' --callgrind-out-file="$temporary/out" \
        "$program" "$path" "$DELIVERIES" >"$temporary/log" 2>&1 || { cat "$temporary/log" >&2; exit 1; }
    sed -n "s/^totals: \([0-9]*\)$/$path \1/p" "$temporary/out" |
        awk -v deliveries="$DELIVERIES" '{ printf "%s\t%d\n", $1, $2 / deliveries }'
done >"$temporary/totals"

# Subtract the hash of each path that computes one.
awk -F '\t' -v OFS='\t' '
    NR == FNR { total[$1] = $2; next }
    $1 ~ /^hash-/ { next }
    $1 ~ /^(github|standard)$/ && !("hash-" $1 in total) { print "no hash for " $1 >"/dev/stderr"; exit 1 }
    { print $1, $2 - total["hash-" $1] }
' "$temporary/totals" "$temporary/totals" >"$temporary/counts"

if [ "${1-}" = --update ]; then
    {
        printf '# Instructions per delivery, written by `sh benches/instructions.sh --update`, separated by tabs.\n'
        printf '# made with\t%s\n' "$made_with"
        awk -F '\t' -v OFS='\t' 'FILENAME == ARGV[1] { why[$1] = $3; next } { print $1, $2, why[$1] }' \
            "$file" "$temporary/counts"
    } >"$temporary/new"
    cp "$temporary/new" "$file"
    exit
fi

awk -F '\t' -v tolerance="$TOLERANCE" -v now="$made_with" '
    /^# made with/ { made_with = $2 }
    /^#/ || !NF { next }
    FILENAME == ARGV[1] { written[$1] = $2; next }
    !($1 in written) { printf "%-28s %8d  is missing in the file\n", $1, $2; failed = 1; next }
    {
        growth = 100 * ($2 / written[$1] - 1)
        verdict = growth > tolerance ? "GROWN" : growth < -tolerance ? "less: lower the limit with --update" : "ok"
        printf "%-28s %8d %8d %+6.1f %%  %s\n", $1, written[$1], $2, growth, verdict
        if (growth > tolerance) failed = 1
        delete written[$1]
    }
    END {
        for (path in written) { printf "%-28s is no longer counted\n", path; failed = 1 }
        if (failed && made_with != now)
            printf "The file was made with %s; this is %s.\n", made_with, now
        if (failed)
            print "If this is intended, run: sh benches/instructions.sh --update, and state the reason in each changed line."
        exit failed
    }
' "$file" "$temporary/counts"
