#!/usr/bin/env bash
# How fast a Julia project of 300 packages is verified; benches/README.md says what is compared and why.
#
#   bash benches/julia.sh
#
# Needs Rust and coreutils, and 300 MiB below $TMPDIR. The packages are made for this run.
#
#   RUNS=5             rounds; the median is told
#   REGISTERED=12000   packages of the registry in the second comparison
#   STRICT=1           exit with 1 where a target is missed
set -euo pipefail
export LC_ALL=C RUST_BACKTRACE=0
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runs=${RUNS:-5}
cargo build --quiet --release --locked --bin countersign --example julia_depot --example hash_alone
target=$(realpath "${CARGO_TARGET_DIR:-target}")
ours=$target/release/countersign

scratch=$(mktemp -d "${TMPDIR:-/tmp}/countersign-bench-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

. benches/timing.sh

verify() { (cd "$1/project" && env -i HOME="$scratch" JULIA_DEPOT_PATH="$1/depot" "$ours" verify --quiet); }
# The same files, and nothing else of what verify does.
sums() { xargs -0 sha256sum <"$scratch/files" >/dev/null; }
# Our own hashing of them alone, on all cores: SHA-256; and with git's names, which is both layers that the job needs.
alone() { "$target/release/examples/hash_alone" "$scratch/files" "$@"; }

compare() {
  local name=$1 world=$2
  printf '\n== %s\n' "$name"
  find "$world/depot/packages" -type f -print0 >"$scratch/files"
  size "$scratch/files"
  verify "$world"
  sums
  alone git
  rm -f "$scratch/ours" "$scratch/theirs" "$scratch/alone" "$scratch/both"
  for _ in $(seq "$runs"); do
    timed "$scratch/ours" verify "$world"
    timed "$scratch/theirs" sums
    timed "$scratch/alone" alone
    timed "$scratch/both" alone git
  done
  tell 'countersign verify' "$(median <"$scratch/ours")"
  tell 'sha256sum over the same files' "$(median <"$scratch/theirs")"
  tell 'our own hashing alone, SHA-256' "$(median <"$scratch/alone")"
  tell 'our own hashing alone, SHA-256 and git'"'"'s SHA-1' "$(median <"$scratch/both")"
  ratio 'times as long as sha256sum' "$(median <"$scratch/ours")" "$(median <"$scratch/theirs")" AT_MOST 1.3
  ratio 'times as long as our own SHA-256 alone' "$(median <"$scratch/ours")" "$(median <"$scratch/alone")" AT_MOST 1.3
  ratio 'times as long as both digests alone' "$(median <"$scratch/ours")" "$(median <"$scratch/both")" AT_MOST 1.3
}

load before
"$target/release/examples/julia_depot" "$scratch/world"
compare '300 packages' "$scratch/world"
"$target/release/examples/julia_depot" "$scratch/registered" "${REGISTERED:-12000}"
compare "the same, with a registry of ${REGISTERED:-12000} packages as an archive" "$scratch/registered"
printf '\n'
load after
finish
