#!/bin/sh
# Compares the public API with all features to tests/api/public.txt: `sh tests/api/check.sh`. After an intended change,
# run `sh tests/api/check.sh update`. The diff determines the next version number. The program cargo-public-api needs a
# nightly toolchain; with its library, the stable one suffices.
set -eu
cd "$(dirname "$0")/../.."
export CARGO_TARGET_DIR="$(pwd)/target"

# Rustdoc's JSON is unstable, so rustdoc.sh sets RUSTC_BOOTSTRAP. Setting it for cargo would rebuild everything.
RUSTDOC="$(pwd)/tests/api/rustdoc.sh" cargo rustdoc --quiet --locked --all-features --lib -- \
    -Z unstable-options --output-format json
listing=$(mktemp)
trap 'rm -f "$listing"' EXIT
# Remove the guide, which exists only in the documentation.
cargo run --quiet --locked --manifest-path tests/api/Cargo.toml --target-dir target/api -- target/doc/tower_webhook.json |
    sed '/^pub mod tower_webhook::guide/d' >"$listing"
[ -s "$listing" ]

if [ "${1:-}" = update ]; then
    cp "$listing" tests/api/public.txt
elif ! diff -u tests/api/public.txt "$listing"; then
    echo "The public API differs from tests/api/public.txt. If the change is intended, run: sh tests/api/check.sh update" >&2
    exit 1
fi
