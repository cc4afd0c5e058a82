#!/bin/sh
# Counts the instructions of the hot paths, and fails if a path exceeds its limit: see benches/instructions.rs. The
# script installs gungraun-runner if this version is missing.
set -eu
cd "$(dirname "$0")/.."
. tests/need.sh
need valgrind valgrind
have_all "$@"

version=$(sed -n '/^name = "gungraun-runner"$/{n;s/version = "\(.*\)"/\1/p;}' Cargo.lock)
[ "$(gungraun-runner --version 2>/dev/null)" = "gungraun-runner $version" ] ||
    # A debug build is faster to install.
    cargo install --locked --debug "gungraun-runner@$version"

# All features but `postgres`: sqlx turns on the feature `log` of tracing, which adds 170 instructions to each span.
# Some containers cannot turn off ASLR. The counts do not depend on it.
cargo bench --locked --features redis --bench instructions -- --allow-aslr
