#!/bin/sh
# Changes the crate in one place at a time, and looks whether a test notices: `sh tests/mutants/run.sh`, or a
# part of it, with any arguments of cargo-mutants':
#
#     sh tests/mutants/run.sh --file src/receive.rs
#     sh tests/mutants/run.sh --re 'in Charge'
#     sh tests/mutants/run.sh --list
#
# First with the test binaries that are built and run quickly, which notice nearly all; then what they let pass,
# with every test but those in the documentation. What survives is in `target/mutants/mutants.out/missed.txt`:
# it wants a test, or, if it behaves as the crate does, an entry in `mutants.toml` that says why.
# It needs cargo-mutants: `cargo install --locked cargo-mutants`, and what `sh tests/all.sh` needs.
set -eu
cd "$(dirname "$0")/../.."
cargo mutants --version >/dev/null 2>&1 ||
    { echo "cargo-mutants is missing: cargo install --locked cargo-mutants" >&2; exit 1; }

# It changes a copy of the tree, and what that is built into is kept from one run to the next.
export CARGO_TARGET_DIR="$PWD/target/mutants/target"
export CARGO_PROFILE_DEV_DEBUG=false
mkdir -p target/mutants

mutants() {
    cargo mutants --config tests/mutants/mutants.toml --output target/mutants "$@"
}

# Where it is not said which files, those in which a mistake loses deliveries or believes what is not true.
case " $* " in
*" --file "* | *" -f "*) ;;
*)
    for file in 'verify/**' 'dedupe/**' 'store/**' service.rs receive.rs rejection.rs answer.rs delivery.rs body.rs secret.rs; do
        set -- "$@" --file "src/$file"
    done
    ;;
esac

case " $* " in *" --list "*) mutants "$@"; exit ;; esac

# As arguments of each call of cargo's: those after `--` are for the running alone, and all would be built.
quick='--cargo-arg=--lib'
for test in semantics scheme store testing public_keys handshakes hostile odd vectors axum pitfalls; do
    quick="$quick --cargo-arg=--test=$test"
done
status=0
# shellcheck disable=SC2086
mutants $quick "$@" || status=$?
# 2 and 3: some were missed, or ran out of time.
case $status in 2 | 3) ;; *) exit $status ;; esac
mutants --cargo-arg=--tests --iterate "$@"
