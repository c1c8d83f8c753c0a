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
cargo build --quiet --release --locked --bin countersign --example julia_depot
target=$(realpath "${CARGO_TARGET_DIR:-target}")
ours=$target/release/countersign

scratch=$(mktemp -d "${TMPDIR:-/tmp}/countersign-bench-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

median() { sort -n | awk '{ all[NR] = $1 } END { print NR % 2 ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2 }'; }
tell() { printf '%-58s %9.3f s\n' "$1" "$2"; }
missed=0

# target NAME OURS THEIRS WANTED: how many times as long as theirs ours may take.
target() {
  awk -v name="$1" -v ours="$2" -v theirs="$3" -v wanted="$4" 'BEGIN {
    times = ours / theirs
    printf "%-58s %9.2f x  (target %s: %s)\n", name, times, wanted, (times <= wanted) ? "reached" : "MISSED"
    exit !(times <= wanted)
  }' || missed=1
}

# The wall clock of a command, in seconds, into a file.
timed() {
  local file=$1
  shift
  local TIMEFORMAT='%3R'
  { time "$@" >"$scratch/said" 2>&1; } 2>>"$file" || { cat "$scratch/said" >&2; exit 2; }
}

verify() { (cd "$1/project" && env -i HOME="$scratch" JULIA_DEPOT_PATH="$1/depot" "$ours" verify --quiet); }
# The same files, and nothing else of what verify does.
sums() { xargs -0 sha256sum <"$scratch/files" >/dev/null; }

compare() {
  local name=$1 world=$2
  printf '\n== %s\n' "$name"
  find "$world/depot/packages" -type f -print0 >"$scratch/files"
  printf '%s files, %s MiB\n' "$(tr -cd '\0' <"$scratch/files" | wc -c)" \
    "$(xargs -0 stat -c %s <"$scratch/files" | awk '{ sum += $1 } END { printf "%.0f", sum / 1048576 }')"
  verify "$world"
  sums
  rm -f "$scratch/ours" "$scratch/theirs"
  for _ in $(seq "$runs"); do
    timed "$scratch/ours" verify "$world"
    timed "$scratch/theirs" sums
  done
  tell 'countersign verify' "$(median <"$scratch/ours")"
  tell 'sha256sum over the same files' "$(median <"$scratch/theirs")"
  target 'times as long as sha256sum' "$(median <"$scratch/ours")" "$(median <"$scratch/theirs")" 1.3
}

printf 'load before: %s\n' "$(cut -d' ' -f1-3 /proc/loadavg)"
"$target/release/examples/julia_depot" "$scratch/world"
compare '300 packages' "$scratch/world"
"$target/release/examples/julia_depot" "$scratch/registered" "${REGISTERED:-12000}"
compare "the same, with a registry of ${REGISTERED:-12000} packages as an archive" "$scratch/registered"
printf '\nload after: %s\n' "$(cut -d' ' -f1-3 /proc/loadavg)"
if [ -n "${STRICT:-}" ] && [ "$missed" -ne 0 ]; then exit 1; fi
