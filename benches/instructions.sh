#!/bin/sh
# Counts the instructions of the hot paths, and fails where they have grown since they were last
# written down, in benches/instructions.tsv:
#
#     sh benches/instructions.sh             # compares
#     sh benches/instructions.sh --update    # writes the counts anew; the reasons stay, for you to change
#
# Growth is let in by its line in that file, with a reason, in the change that causes it.
#
# The same program counts the same within a twentieth of a per cent: maps are seeded at random, and
# the memory store's cache looks at the clock. So a growth of more than TOLERANCE per cent is the
# code's; or the compiler's or the C library's (its malloc and memcpy are counted too), where those
# are others than the file was made with, which is told. They fail as well, for nothing else would
# show that a new compiler made the crate slower; then update the file in a change of its own, from
# a commit that passed before. What has become less is told and fails nothing.
set -eu
cd "$(dirname "$0")/.."
. tests/need.sh
need valgrind valgrind

TOLERANCE=2
DELIVERIES=1000
file=benches/instructions.tsv
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

program=$(cargo bench --locked --all-features --bench instructions --no-run --message-format=json |
    sed -n 's/.*"name":"instructions".*"executable":"\([^"]*\)".*/\1/p')
[ -x "$program" ] || { say "The benchmark 'instructions' was not built."; exit 1; }
made_with="$(rustc -V), $(valgrind --version), $(uname -sm)"

# A line for each path, with the instructions of one delivery.
for path in $("$program"); do
    valgrind --tool=callgrind --toggle-collect='instructions::measured*' --callgrind-out-file="$temporary/out" \
        "$program" "$path" "$DELIVERIES" >"$temporary/log" 2>&1 || { cat "$temporary/log" >&2; exit 1; }
    sed -n "s/^totals: \([0-9]*\)$/$path \1/p" "$temporary/out" |
        awk -v deliveries="$DELIVERIES" '{ printf "%s\t%d\n", $1, $2 / deliveries }'
done >"$temporary/counts"

if [ "${1-}" = --update ]; then
    {
        printf '# Instructions of a delivery, by `sh benches/instructions.sh --update`; tabs between.\n'
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
    !($1 in written) { printf "%-28s %8d  is not in the file\n", $1, $2; failed = 1; next }
    {
        growth = 100 * ($2 / written[$1] - 1)
        verdict = growth > tolerance ? "GROWN" : growth < -tolerance ? "less: --update keeps it so" : "ok"
        printf "%-28s %8d %8d %+6.1f %%  %s\n", $1, written[$1], $2, growth, verdict
        if (growth > tolerance) failed = 1
        delete written[$1]
    }
    END {
        for (path in written) { printf "%-28s is not counted any more\n", path; failed = 1 }
        if (failed && made_with != now)
            printf "The file was made with %s; this is %s.\n", made_with, now
        if (failed)
            print "If this has to be: sh benches/instructions.sh --update, and say why in the lines that grew."
        exit failed
    }
' "$file" "$temporary/counts"
