#!/bin/sh
# Compares the public API, with every feature, with the one in tests/api/public.txt: `sh tests/api/check.sh`. What is
# meant to change is written anew by `sh tests/api/check.sh update`, and its diff says which version is next.
set -eu
cd "$(dirname "$0")/../.."
export CARGO_TARGET_DIR="$(pwd)/target"

# Rustdoc's JSON is unstable, and wanted of a stable compiler; of rustdoc alone, or all would be built again.
RUSTDOC="$(pwd)/tests/api/rustdoc.sh" cargo rustdoc --quiet --locked --all-features --lib -- \
    -Z unstable-options --output-format json
listing=$(mktemp)
trap 'rm -f "$listing"' EXIT
# The guide is there in the documentation alone.
cargo run --quiet --locked --manifest-path tests/api/Cargo.toml --target-dir target/api -- target/doc/tower_webhook.json |
    sed '/^pub mod tower_webhook::guide/d' >"$listing"
[ -s "$listing" ]

if [ "${1:-}" = update ]; then
    cp "$listing" tests/api/public.txt
elif ! diff -u tests/api/public.txt "$listing"; then
    echo "The public API is not the one in tests/api/public.txt. If it is meant to be: sh tests/api/check.sh update" >&2
    exit 1
fi
