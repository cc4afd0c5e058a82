#!/bin/sh
# Runs every test, except those in a browser (browser.sh) and the interleavings (model/run.sh). What a machine with Rust lacks for that is installed with the system's package
# manager where this may be done, and named otherwise.
set -eu
cd "$(dirname "$0")/.."

. tests/need.sh
need curl curl  # what the documentation of the inspector and of the examples says is pasted
need openssl openssl    # and that signs with it
need redis-server redis-server redis    # the tests of RedisStore and of the inbox start servers

# Unit, integration and documentation tests, with every feature; the examples are built on the way.
cargo test --locked --all-features

# A program for each framework that is no dependency of the above, over a socket. Some need Rust 1.95.
cargo test --locked --manifest-path tests/frameworks/Cargo.toml --target-dir target/frameworks

# The example that is a package of its own. In the same directory, for what both are built of.
cargo test --locked --manifest-path examples/actix-web/Cargo.toml --target-dir target/frameworks
