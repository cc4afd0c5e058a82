#!/bin/sh
# Runs mutation tests: changes the crate in one place at a time and checks that a test fails. The first argument can be
# an area: `service`, `store` or `verify`; without it, the script runs all three. All other arguments are for
# cargo-mutants:
#
#     sh tests/mutants/run.sh
#     sh tests/mutants/run.sh verify
#     sh tests/mutants/run.sh service --re 'src/service/receive.rs'
#     sh tests/mutants/run.sh --list
#
# Each mutant runs against the few tests of its area. Survivors then run against the other quick tests, and remaining
# survivors against all tests. The script prints the final survivors: add a test for each or, if the mutant is
# equivalent, an entry with the reason in `mutants.toml`. `CONTINUE=1` resumes an interrupted run.
# Each area has its own directory under `target/mutants/`, so that several can run at the same time. The script needs
# cargo-mutants (`cargo install --locked cargo-mutants`) and the tools for `sh tests/all.sh`.
set -euf
cd "$(dirname "$0")/../.."
cargo mutants --version >/dev/null 2>&1 ||
    { echo "cargo-mutants is missing: cargo install --locked cargo-mutants" >&2; exit 1; }

# Sets the files of an area, in which a bug would lose deliveries or accept forged ones, and the tests of these files.
# `known` lists as few tests as catch most mutants, because building the tests takes most of the time.
enter() {
    case $1 in
    service)
        files='budget.rs service/** rejection/** delivery/** dedupe/** task/** secret.rs secret/**'
        known='semantics'
        quick='lib testing hostile readiness odd axum tonic pitfalls metrics tracing vectors'
        ;;
    store)
        files='store/**'
        known='store reference'
        quick='lib semantics allocations redis'
        ;;
    verify)
        files='verify/**'
        known='scheme semantics vectors'
        quick='lib testing public_keys key_sources handshakes hostile pitfalls odd axum'
        ;;
    esac
    output="target/mutants/$1"
    # cargo-mutants changes a copy of the tree; keep its build directory between runs.
    export CARGO_TARGET_DIR="$PWD/$output/target" CARGO_PROFILE_DEV_DEBUG=false
    mkdir -p "$output"
}

mutants() {
    for file in $files; do set -- "$@" --file "src/$file"; done
    cargo mutants --config tests/mutants/mutants.toml --output "$output" "$@"
}

# Runs the mutants that no earlier call caught against the given tests, or against all tests if none are given.
try() {
    for test in $1; do
        case $test in lib) test=--lib ;; *) test=--test=$test ;; esac
        set -- "$@" --cargo-arg="$test"
    done
    shift
    status=0
    mutants --iterate "$@" || status=$?
    # 2 and 3: some mutants were missed or timed out.
    case $status in 0 | 2 | 3) ;; *) exit $status ;; esac
    # There is no output if there was no mutant to run.
    [ -d "$output/mutants.out" ] || return 0
    # A mutant that makes a test time out counts as caught; do not run it against further tests.
    cat "$output/mutants.out/timeout.txt" >>"$output/mutants.out/caught.txt"
}

case ${1-} in
service | store | verify) areas=$1; shift ;;
*) areas='service store verify' ;;
esac

survivors=
for area in $areas; do
    enter "$area"
    case " $* " in *" --list "*) mutants "$@"; continue ;; esac
    [ "${CONTINUE-}" ] || rm -rf "$output/mutants.out" "$output/mutants.out.old"
    for tests in "$known" "$quick" ''; do
        try "$tests" "$@"
        [ -s "$output/mutants.out/missed.txt" ] || continue 2
    done
    survivors="$survivors $output/mutants.out/missed.txt"
done
[ -z "$survivors" ] || ! cat $survivors | grep .
