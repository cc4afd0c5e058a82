#!/bin/sh
# Builds the crate with the oldest version of each dependency that Cargo.toml allows. A bound that is too low breaks the
# build of users with that version. Usage: `sh tests/minimal_versions.sh`
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

# Omit the dev-dependencies: the tests may need newer versions.
{ sed '/^\[dev-dependencies\]/,$d' Cargo.toml && echo '[workspace]'; } >"$copy/Cargo.toml"
cp -r src README.md "$copy"
cd "$copy"
# The option is unstable; RUSTC_BOOTSTRAP enables it in a stable cargo.
RUSTC_BOOTSTRAP=1 cargo update -Z direct-minimal-versions
export CARGO_TARGET_DIR="$root/target/minimal"
cargo check --locked
cargo check --locked --all-features
