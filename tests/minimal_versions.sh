#!/bin/sh
# Builds the crate with the oldest version of each of its dependencies that Cargo.toml allows: a bound that
# is too low is a build that breaks for whoever has that version. `sh tests/minimal_versions.sh`
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

# Only what users get: of all that is for tests the newest may be needed.
{ sed '/^\[dev-dependencies\]/,$d' Cargo.toml && echo '[workspace]'; } >"$copy/Cargo.toml"
cp -r src README.md "$copy"
cd "$copy"
# The option is unstable, and wanted of a stable cargo.
RUSTC_BOOTSTRAP=1 cargo update -Z direct-minimal-versions
export CARGO_TARGET_DIR="$root/target/minimal"
cargo check --locked
cargo check --locked --all-features
