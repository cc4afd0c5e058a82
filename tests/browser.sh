#!/bin/sh
# Tries the inspector's page in a real browser, and leaves pictures of it in target/browser. What a
# machine with Rust lacks for that is installed with the system's package manager where this may be
# done, and named otherwise.
set -eu
cd "$(dirname "$0")/.."

. tests/need.sh
need chromedriver chromium-driver chromium
# Each system has its own name for the browser, which chromedriver finds by itself.
for browser in chromium chromium-browser google-chrome; do
    command -v "$browser" >/dev/null 2>&1 && break
done
command -v "$browser" >/dev/null 2>&1 || need chromium chromium

cargo build --locked --all-features --example inspector
cargo test --locked --all-features --test browser
