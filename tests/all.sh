#!/bin/sh
# Runs all tests except the browser tests (browser.sh) and the concurrency model tests (model/run.sh). As root, it
# installs missing programs; otherwise it names them and stops: `sh tests/all.sh --install` installs them.
set -eu
cd "$(dirname "$0")/.."

. tests/need.sh
need curl curl  # for the commands in the README and in the documentation of the inspector and the examples
need openssl openssl    # for signing in those commands
need redis-server redis-server redis    # for the tests that start Redis servers
need initdb postgresql postgresql-server    # for the tests that start PostgreSQL servers
need pgbouncer pgbouncer
have_all "$@"

# Unit, integration and documentation tests with all features. This also builds the examples.
cargo test --locked --all-features

# Tests over sockets with frameworks that are not dependencies of the main package. Some need Rust 1.95.
cargo test --locked --manifest-path tests/frameworks/Cargo.toml --target-dir target/frameworks

# The actix-web example is a separate package. It shares the target directory, and with it the built dependencies.
cargo test --locked --manifest-path examples/actix-web/Cargo.toml --target-dir target/frameworks
