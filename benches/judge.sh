#!/usr/bin/env bash
# How long judging takes beyond hashing: 1,000 packages under a policy, with a network of 1,000 certificates.
#
#   bash benches/judge.sh
#
# Needs Rust alone. The keys are made for this run and never written. Target: under 200 ms warm.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo run --quiet --release --locked --example judge
