#!/usr/bin/env bash
# How fast `countersign verify` is, and how much memory it takes; benches/README.md says what is compared and why.
#
#   bash benches/verify.sh
#
# Needs Rust, GnuPG (gpg and gpgv), coreutils, openssl and, for the memory, GNU time; 4 GiB below $TMPDIR, and no more than
# four minutes once the program is built. Everything that it makes lies in one temporary folder, which it removes.
#
#   RUNS=5            rounds of each comparison; the median is told
#   COUNTERSIGN=FILE  the program to measure, otherwise a release build of this clone
#   STRICT=1          exit with 1 where a target is missed
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runs=${RUNS:-5}
files_wanted=30000

for program in gpg gpgv gpgconf openssl sha256sum cargo; do
  command -v "$program" >/dev/null || { echo "verify.sh: $program is missing" >&2; exit 2; }
done

if [ -z "${COUNTERSIGN:-}" ]; then
  cargo build --quiet --release --locked
  COUNTERSIGN=${CARGO_TARGET_DIR:-target}/release/countersign
fi
COUNTERSIGN=$(realpath "$COUNTERSIGN")

scratch=$(mktemp -d "${TMPDIR:-/tmp}/countersign-bench-XXXXXX")
# Short, since the name of gpg-agent's socket has at most 108 bytes.
GNUPGHOME=$(mktemp -d /tmp/cs-XXXXXX)
export GNUPGHOME
tidy() {
  gpgconf --kill all 2>/dev/null || true
  rm -rf "$scratch" "$GNUPGHOME"
}
trap tidy EXIT
trap 'exit 2' HUP INT TERM

cores=$(nproc)
say() { printf '\n== %s\n' "$*"; }
median() { sort -n | awk '{ all[NR] = $1 } END { print NR % 2 ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2 }'; }
column() { awk -v column="$1" '{ print $column }' "$2"; }

missed=0
# target NAME VALUE AT_LEAST|AT_MOST WANTED UNIT
target() {
  local word=reached
  if ! awk -v value="$2" -v wanted="$4" -v way="$3" 'BEGIN { exit !(way == "AT_LEAST" ? value >= wanted : value <= wanted) }'; then
    word=MISSED
    missed=1
  fi
  printf '%-52s %8.2f %s  (target %s: %s)\n' "$1" "$2" "$5" "$4" "$word"
}

# Runs a command, and adds "wall user system", in seconds, to a file. It must succeed.
timed() {
  local file=$1
  shift
  local TIMEFORMAT='%3R %3U %3S'
  { time "$@" >"$scratch/said" 2>&1; } 2>>"$file" || { cat "$scratch/said" >&2; exit 2; }
}

gpg --batch --quiet --passphrase '' --quick-gen-key 'bench <bench@example.org>' ed25519 sign,cert never 2>/dev/null
signer=$(gpg --batch --no-auto-check-trustdb --with-colons --list-keys | awk -F: '$1 == "fpr" { print $10; exit }')
gpg --batch --export >"$scratch/keyring.pgp"

# What countersign verifies, and what the other way to do it does: a signed list of checksums.
prepare() {
  local name=$1
  "$COUNTERSIGN" sign "$scratch/$name" --package "pkg:generic/$name@1" --key "$signer" --first --yes \
    --store "$scratch/$name-store" >/dev/null 2>&1
  (cd "$scratch/$name" && find . -type f -print0 | sort -z | xargs -0 sha256sum >"$scratch/$name-sums")
  gpg --batch --quiet --detach-sign --output "$scratch/$name-sums.sig" "$scratch/$name-sums"
}

ours() {
  "$COUNTERSIGN" verify "$scratch/$1" --package "pkg:generic/$1@1" --keyring "$scratch/keyring.pgp" --signer "$signer" \
    --store "$scratch/$1-store"
}

theirs() {
  gpgv --quiet --keyring "$scratch/keyring.pgp" "$scratch/$1-sums.sig" "$scratch/$1-sums"
  cd "$scratch/$1" && sha256sum --quiet --check "$scratch/$1-sums"
  cd "$OLDPWD"
}

# Bytes in a second that the processor's own instructions hash from the nearest cache: on all cores by the clock, and on
# one by processor time.
possible() {
  local hash='openssl speed -evp sha256 -bytes 65536 -seconds 1'
  local result='tolower($1) == "sha256" { sub("k$", "", $2); print $2 * 1000 }'
  $hash -elapsed -multi "$cores" 2>/dev/null | awk "$result" >>"$scratch/possible"
  $hash 2>/dev/null | awk "$result" >>"$scratch/possible-one"
}

# Alternates the ways, so that whatever else the machine does meets them alike; the first round only warms the cache.
compare() {
  local name=$1 round
  ours "$name" >/dev/null
  theirs "$name" >/dev/null 2>&1
  for round in $(seq "$runs"); do
    timed "$scratch/$name-ours" ours "$name"
    timed "$scratch/$name-theirs" theirs "$name"
    [ "$name" != large ] || possible
  done
}

# tell NAME FACTOR: walls, processor time, and how many times faster.
tell() {
  local name=$1 wanted=$2 way wall
  for way in ours theirs; do
    wall=$(column 1 "$scratch/$name-$way" | median)
    printf '%-52s %8.3f s  (user %s, system %s)\n' "$([ $way = ours ] && echo 'countersign verify' || echo 'gpgv + sha256sum -c')" \
      "$wall" "$(column 2 "$scratch/$name-$way" | median)" "$(column 3 "$scratch/$name-$way" | median)"
  done
  # Each round's own ratio, since the two of a round were neighbours.
  target 'times faster' "$(paste "$scratch/$name-ours" "$scratch/$name-theirs" | awk '{ print $4 / $1 }' | median)" AT_LEAST "$wanted" x
}

echo "$("$COUNTERSIGN" --version), $cores cores, medians of $runs rounds; load: $(cut -d ' ' -f 1-3 /proc/loadavg 2>/dev/null)"

say '(a) one tree of 1 GiB in 64 files'
mkdir "$scratch/large"
for n in $(seq 64); do
  # Fast, and no two alike.
  openssl enc -aes-128-ctr -nosalt -K "$(printf '%032x' "$n")" -iv 0 -in /dev/zero 2>/dev/null | head -c 16777216 \
    >"$scratch/large/file-$n" || true
done
prepare large
compare large
tell large 6
target 'of what openssl says is possible on all cores' \
  "$(paste "$scratch/large-ours" "$scratch/possible" | awk '{ print 100 * 1073741824 / $1 / $4 }' | median)" AT_LEAST 85 %
target '… by processor time, which load disturbs less' \
  "$(paste "$scratch/large-ours" "$scratch/possible-one" | awk '{ print 100 * 1073741824 / ($2 + $3) / $4 }' | median)" \
  AT_LEAST 85 %
rm -r "$scratch/large"

say '(b) the crates of the registry as one tree'
registry=${CARGO_HOME:-$HOME/.cargo}/registry/src
crates=("$registry"/*/*/)
if [ ! -d "${crates[0]}" ]; then
  echo "NOT MEASURED: cargo has unpacked no crates below $registry"
  missed=1
else
  mkdir "$scratch/many"
  copies=0
  count=0
  while [ "$count" -lt "$files_wanted" ]; do
    copies=$((copies + 1))
    mkdir "$scratch/many/copy-$copies"
    cp -R "${crates[@]}" "$scratch/many/copy-$copies/"
    count=$(find "$scratch/many" -type f | wc -l)
  done
  # What our rules refuse cannot be compared: it is taken out of both.
  for _ in $(seq 50); do
    if "$COUNTERSIGN" tree "$scratch/many" >"$scratch/answer" 2>/dev/null; then break; fi
    sed -n 's/^refused \[[a-z-]*\] \([^:]*\): .*/\1/p' "$scratch/answer" | (cd "$scratch/many" && xargs -r -d '\n' rm -rf --)
  done
  left=$(find "$scratch/many" -type f | wc -l)
  echo "$left files, $(du -sm "$scratch/many" | cut -f 1) MiB on disk: ${#crates[@]} crates, $copies times; $((count - left)) files left out, for their names are refused"
  prepare many
  compare many
  tell many 3
  rm -r "$scratch/many"
fi

say '(c) memory at 100,000 files'
if [ ! -x /usr/bin/time ]; then
  echo 'NOT MEASURED: /usr/bin/time is missing (Debian: time)'
  missed=1
else
  for folder in $(seq 100); do
    mkdir -p "$scratch/small/folder-$folder"
    (cd "$scratch/small/folder-$folder" && seq "$folder" 1 $((folder + 999)) | split -l 1 -a 3 - file-)
  done
  prepare small
  export -f ours
  export COUNTERSIGN scratch signer
  /usr/bin/time -f %M -o "$scratch/memory" bash -c 'ours small' >/dev/null
  target 'peak memory (verify, 100,000 files)' "$(awk '{ print $1 / 1024 }' "$scratch/memory")" AT_MOST 100 MiB
fi

echo
echo "all of it: $SECONDS s; load: $(cut -d ' ' -f 1-3 /proc/loadavg 2>/dev/null)"
if [ "$missed" -ne 0 ] && [ "${STRICT:-0}" = 1 ]; then exit 1; fi
