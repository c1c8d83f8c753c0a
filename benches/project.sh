#!/usr/bin/env bash
# How fast whole Cargo projects are verified; benches/README.md says what is compared and why.
#
#   bash benches/project.sh
#
# Needs Rust, coreutils, and crates.io on the first run: it fetches the crates of benches/large-project into a folder of its
# own below target/.
#
#   RUNS=5       rounds; the median is told
#   COLD=1       also with the page cache dropped before each run (needs root)
#   VET=FILE     cargo-vet's program, CREV=FILE cargo-crev's; without them, that comparison is said to be left out
#   STRICT=1     exit with 1 where a target is missed
set -euo pipefail
export LC_ALL=C RUST_BACKTRACE=0
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runs=${RUNS:-5}
cargo build --quiet --release --locked
target=$(realpath "${CARGO_TARGET_DIR:-target}")
ours=$target/release/countersign

scratch=$(mktemp -d "${TMPDIR:-/tmp}/countersign-bench-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
large_home=$target/large-project-home
mkdir -p "$large_home"
CARGO_HOME=$large_home cargo fetch --quiet --locked --manifest-path benches/large-project/Cargo.toml
own_home=${CARGO_HOME:-$HOME/.cargo}
cargo fetch --quiet --locked

# A refusal is an answer too.
worst=1
. benches/timing.sh

drop() { sync; echo 3 >/proc/sys/vm/drop_caches; }

verify() { (cd "$1" && HOME=$scratch CARGO_HOME=$2 "$ours" verify --quiet); }
# The same files, and nothing else of what verify does.
sums() { xargs -0 sha256sum <"$1" >/dev/null; }
# The files of every crate that the lockfile names, with NUL bytes between them.
files() {
  local name version
  (cd "$1" && awk '$1 == "name" { name = $3 } $1 == "version" { version = $3 } $1 == "checksum" { gsub(/"/, "", name); gsub(/"/, "", version); print name "-" version }' Cargo.lock) |
    while read -r folder; do find "$2"/registry/src/*/"$folder" -type f -print0; done
}

compare() {
  local name=$1 project=$2 home=$3
  printf '\n== %s\n' "$name"
  files "$project" "$home" >"$scratch/files"
  size "$scratch/files"
  verify "$project" "$home" || true
  sums "$scratch/files"
  rm -f "$scratch/ours" "$scratch/theirs" "$scratch/ours-cold" "$scratch/theirs-cold"
  for _ in $(seq "$runs"); do
    timed "$scratch/ours" verify "$project" "$home"
    timed "$scratch/theirs" sums "$scratch/files"
    if [ -n "${COLD:-}" ]; then
      drop
      timed "$scratch/ours-cold" verify "$project" "$home"
      drop
      timed "$scratch/theirs-cold" sums "$scratch/files"
    fi
  done
  tell 'countersign verify' "$(median <"$scratch/ours")"
  tell 'sha256sum over the same files' "$(median <"$scratch/theirs")"
  ratio 'times faster than sha256sum' "$(median <"$scratch/theirs")" "$(median <"$scratch/ours")" AT_LEAST 1
  if [ -n "${COLD:-}" ]; then
    tell 'countersign verify, nothing in the page cache' "$(median <"$scratch/ours-cold")"
    tell 'sha256sum, nothing in the page cache' "$(median <"$scratch/theirs-cold")"
  fi
  if [ -n "${VET:-}" ]; then
    rm -rf "$scratch/vet"
    mkdir "$scratch/vet"
    cp -r "$project/Cargo.toml" "$project/Cargo.lock" "$project/src" "$scratch/vet"
    (cd "$scratch/vet" && export CARGO_HOME=$home CARGO; CARGO=$(command -v cargo); "$VET" vet init --quiet 2>/dev/null || "$VET" vet init >/dev/null)
    rm -f "$scratch/vet-times"
    for _ in $(seq "$runs"); do
      (cd "$scratch/vet" && export CARGO_HOME=$home CARGO && CARGO=$(command -v cargo) && timed "$scratch/vet-times" "$VET" vet --locked)
    done
    tell 'cargo vet --locked (reads no crate)' "$(median <"$scratch/vet-times")"
  else
    echo 'cargo vet: left out (VET is not set)'
  fi
  if [ -n "${CREV:-}" ]; then
    rm -f "$scratch/crev-times"
    for _ in 1 2 3; do
      (cd "$project" && export CARGO_HOME=$home HOME=$scratch/crev && timed "$scratch/crev-times" "$CREV" crev verify)
    done
    tell 'cargo crev verify' "$(median <"$scratch/crev-times")"
    ratio 'times faster than cargo crev' "$(median <"$scratch/crev-times")" "$(median <"$scratch/ours")" AT_LEAST 10
  else
    echo 'cargo crev: left out (CREV is not set)'
  fi
}

load before
compare "this repository's dependencies" . "$own_home"
compare 'benches/large-project' benches/large-project "$large_home"
printf '\n'
load after
finish
