#!/bin/sh
# Tests interleavings of the stores in memory and of the claim guard: `sh tests/model/run.sh [SCHEDULES]`. The default
# number of schedules takes a few seconds for each test. A failure prints the schedule to replay.
set -eu
cd "$(dirname "$0")"
export SCHEDULES="${1:-3000}"
RUSTFLAGS="--cfg shuttle" exec cargo test --locked
