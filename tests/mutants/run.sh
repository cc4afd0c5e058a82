#!/bin/sh
# Changes the crate in one place at a time, and looks whether a test notices. All of it, or one room of it, or a
# part, with any arguments of cargo-mutants':
#
#     sh tests/mutants/run.sh
#     sh tests/mutants/run.sh verify
#     sh tests/mutants/run.sh service --re 'src/service/receive.rs'
#     sh tests/mutants/run.sh --list
#
# Each mutant meets the few tests that know its room; those that live, the others that are quick; and what still
# lives, every test there is. Who survives is said at the end: it wants a test, or, if it behaves as the crate does,
# an entry in `mutants.toml` that says why. `CONTINUE=1` goes on with a run that was broken off.
# Each room has a directory of its own under `target/mutants/`, so that they can be run side by side.
# It needs cargo-mutants: `cargo install --locked cargo-mutants`, and what `sh tests/all.sh` needs.
set -euf
cd "$(dirname "$0")/../.."
cargo mutants --version >/dev/null 2>&1 ||
    { echo "cargo-mutants is missing: cargo install --locked cargo-mutants" >&2; exit 1; }

# The files in which a mistake loses deliveries or believes what is not true, and the tests that know them: as few
# as catch most, since building them is what takes the time.
enter() {
    case $1 in
    service)
        files='budget.rs service/** rejection/** delivery/** dedupe/** task/** secret.rs'
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
    # It changes a copy of the tree, and what that is built into is kept from one run to the next.
    export CARGO_TARGET_DIR="$PWD/$output/target" CARGO_PROFILE_DEV_DEBUG=false
    mkdir -p "$output"
}

mutants() {
    for file in $files; do set -- "$@" --file "src/$file"; done
    cargo mutants --config tests/mutants/mutants.toml --output "$output" "$@"
}

# Those that no earlier call caught, with these tests; without any, with all.
try() {
    for test in $1; do
        case $test in lib) test=--lib ;; *) test=--test=$test ;; esac
        set -- "$@" --cargo-arg="$test"
    done
    shift
    status=0
    mutants --iterate "$@" || status=$?
    # 2 and 3: some were missed, or ran out of time.
    case $status in 0 | 2 | 3) ;; *) exit $status ;; esac
    # There is none where no mutant was to be tried.
    [ -d "$output/mutants.out" ] || return 0
    # A test that waits for what never comes has noticed: no need to wait for others as well.
    cat "$output/mutants.out/timeout.txt" >>"$output/mutants.out/caught.txt"
}

case ${1-} in
service | store | verify) rooms=$1; shift ;;
*) rooms='service store verify' ;;
esac

survivors=
for room in $rooms; do
    enter "$room"
    case " $* " in *" --list "*) mutants "$@"; continue ;; esac
    [ "${CONTINUE-}" ] || rm -rf "$output/mutants.out" "$output/mutants.out.old"
    for tests in "$known" "$quick" ''; do
        try "$tests" "$@"
        [ -s "$output/mutants.out/missed.txt" ] || continue 2
    done
    survivors="$survivors $output/mutants.out/missed.txt"
done
[ -z "$survivors" ] || ! cat $survivors | grep .
