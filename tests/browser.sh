#!/bin/sh
# Tests the inspector's page in a real browser and writes screenshots to target/browser. Missing programs are installed
# with the system's package manager if possible; otherwise the script names them and stops.
set -eu
cd "$(dirname "$0")/.."

. tests/need.sh
need chromedriver chromium-driver chromium
# The name of the browser differs between systems; chromedriver finds the browser by itself.
for browser in chromium chromium-browser google-chrome; do
    command -v "$browser" >/dev/null 2>&1 && break
done
command -v "$browser" >/dev/null 2>&1 || need chromium chromium

cargo build --locked --all-features --example inspector
cargo test --locked --all-features --test browser
