#!/bin/sh
# Tests the inspector's page in a real browser and writes screenshots to target/browser. As root, it installs missing
# programs; otherwise it names them and stops: `sh tests/browser.sh --install` installs them.
set -eu
cd "$(dirname "$0")/.."

. tests/need.sh
need chromedriver chromium-driver chromium
# The name of the browser differs between systems; chromedriver finds the browser by itself.
for browser in chromium chromium-browser google-chrome; do
    command -v "$browser" >/dev/null 2>&1 && break
done
command -v "$browser" >/dev/null 2>&1 || need chromium chromium
need npm npm
have_all "$@"

# axe-core checks the page against WCAG. Its license is not that of this project, so it is downloaded and not stored here.
axe=axe-core-4.14.1
output=${CARGO_TARGET_DIR:-target}/browser
mkdir -p "$output"
[ -e "$output/$axe.tgz" ] || npm pack --loglevel=error --pack-destination "$output" "axe-core@${axe#axe-core-}" >/dev/null
tar -xzf "$output/$axe.tgz" -C "$output" --strip-components 1 package/axe.min.js

cargo build --locked --all-features --example inspector
cargo test --locked --all-features --test browser
