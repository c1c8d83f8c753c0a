#!/usr/bin/env bash
# How fast a web of trust is judged; benches/README.md says what is compared and why.
#
#   bash benches/trust.sh
#
# Needs Rust, a C compiler (for the oracle), and Debian's packages debian-keyring and sq-wot.
#
#   RUNS=5       rounds; the median is told
#   SLOW=1       also sequoia-wot in the certification network, once: minutes
#   NETTLE=1     also ours with the nettle backend, which needs its headers
#   STRICT=1     exit with 1 where a target is missed
set -euo pipefail
export LC_ALL=C RUST_BACKTRACE=0
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runs=${RUNS:-5}
keyring=/usr/share/keyrings/debian-keyring.gpg
root=${ROOT:-D1E1316E93A760A8104D85FABB3A68018649AA06}

[ -r "$keyring" ] || { echo "trust.sh: Debian's package debian-keyring is missing" >&2; exit 2; }
command -v sq-wot >/dev/null || { echo "trust.sh: Debian's package sq-wot is missing" >&2; exit 2; }

cargo build --quiet --release --locked --bin countersign --example large_network
target=${CARGO_TARGET_DIR:-target}
ours=$(realpath "$target/release/countersign")
large=$(realpath "$target/release/examples/large_network")
cargo build --quiet --release --locked --manifest-path oracle/Cargo.toml
oracle=$(realpath oracle/target/release/countersign-oracle)
if [ -n "${NETTLE:-}" ]; then
  cargo build --quiet --release --locked --no-default-features --features crypto-nettle --target-dir "$target/nettle"
  nettle=$(realpath "$target/nettle/release/countersign")
fi

scratch=$(mktemp -d "${TMPDIR:-/tmp}/countersign-bench-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
# An empty account, in which the cache is the only thing that grows.
export HOME=$scratch XDG_CACHE_HOME=$scratch/cache

# `trust list` ends with 1 where not all is reached.
worst=1
. benches/timing.sh

list() { "$1" trust list --keyring "$keyring" --root "$root" --max-depth none --format json "${@:2}"; }
wot() { sq-wot --keyring "$keyring" --trust-root "$root" "$@" list; }

load before
printf '\n== the Debian keyring from one root\n'
list "$ours" --no-cache >"$scratch/answer" || true
reached=$(grep -c '"authenticated": true' "$scratch/answer" || true)
bindings=$(grep -c '"authenticated"' "$scratch/answer")
wot >"$scratch/wot" 2>/dev/null || true
theirs_listed=$(grep -c '^\[' "$scratch/wot" || true)
"$oracle" time "$keyring" "$root" >"$scratch/first"
read -r _ oracle_bindings oracle_reached oracle_usable <"$scratch/first"
# Why these differ is shown by the tests `debian::` and by the oracle; benches/README.md says it in words.
echo "ours: $reached of $bindings bindings; sq-wot lists $theirs_listed; sequoia-wot 0.15.3: $oracle_reached of $oracle_bindings," \
  "$oracle_usable of them on living certificates that claim the name"

for _ in $(seq "$runs"); do
  timed "$scratch/cold" list "$ours" --no-cache
  rm -rf "$XDG_CACHE_HOME"
  timed "$scratch/writing" list "$ours"
  timed "$scratch/warm" list "$ours"
  timed "$scratch/sq-wot" wot
  "$oracle" time "$keyring" "$root" | cut -d' ' -f1 >>"$scratch/oracle"
  [ -z "${NETTLE:-}" ] || timed "$scratch/nettle-cold" list "$nettle" --no-cache
done
for way in cold writing warm sq-wot oracle; do declare "m_${way//-/_}=$(median <"$scratch/$way")"; done
tell 'countersign trust list --no-cache' "$m_cold"
tell 'countersign trust list, which keeps what it found' "$m_writing"
tell 'countersign trust list, warm' "$m_warm"
[ -z "${NETTLE:-}" ] || tell 'countersign trust list --no-cache, nettle' "$(median <"$scratch/nettle-cold")"
tell 'sq-wot list 0.2.0 (nettle)' "$m_sq_wot"
tell 'sequoia-wot 0.15.3 (the oracle, same backend as ours)' "$m_oracle"
ratio 'warm against sq-wot' "$m_sq_wot" "$m_warm" AT_LEAST 25
ratio 'cold against sequoia-wot 0.15.3' "$m_oracle" "$m_cold" AT_LEAST 3
[ -z "${NETTLE:-}" ] || ratio 'cold with nettle against sq-wot' "$m_sq_wot" "$(median <"$scratch/nettle-cold")" AT_LEAST 3

printf '\n== the same as a certification network\n'
for _ in $(seq "$runs"); do
  timed "$scratch/all-cold" list "$ours" --no-cache --certification-network
  rm -rf "$XDG_CACHE_HOME"
  timed "$scratch/all-writing" list "$ours" --certification-network
  timed "$scratch/all-warm" list "$ours" --certification-network
  [ -z "${NETTLE:-}" ] || timed "$scratch/all-nettle" list "$nettle" --no-cache --certification-network
done
all_cold=$(median <"$scratch/all-cold")
all_warm=$(median <"$scratch/all-warm")
tell 'countersign trust list --no-cache' "$all_cold"
tell 'countersign trust list, which keeps what it found' "$(median <"$scratch/all-writing")"
tell 'countersign trust list, warm' "$all_warm"
[ -z "${NETTLE:-}" ] || tell 'countersign trust list --no-cache, nettle' "$(median <"$scratch/all-nettle")"
echo 'sq-wot 0.2.0 has no such mode'
if [ -n "${SLOW:-}" ]; then
  "$oracle" time "$keyring" "$root" certification-network >"$scratch/slow"
  read -r slow slow_bindings slow_reached _ <"$scratch/slow"
  tell "sequoia-wot 0.15.3: $slow_reached of $slow_bindings" "$slow"
  ratio 'cold against sequoia-wot 0.15.3' "$slow" "$all_cold" AT_LEAST 200
  ratio 'warm against sequoia-wot 0.15.3' "$slow" "$all_warm" AT_LEAST 200
fi

printf '\n== a generated network, without any cryptography\n'
"$large"
printf '\n'
load after
finish
