#!/usr/bin/env bash
# The tutorial of docs/story/README.md, step by step, on real releases of a real crate: an author, a co-author, a
# maintainer who grants roles, a handover, a stripped signature, a rolled-back release, a stolen key.
#
#   bash docs/story/story.sh
#
# Needs Rust, a linker, GnuPG, and a registry to fetch four small releases from. All keys are made in a throwaway home
# and gone afterwards; nothing of yours is read or written. Exits with 0 only if every step came out as it is told.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

crate=itoa
releases=(1.0.9 1.0.10 1.0.11 1.0.14)

cargo build --locked --quiet
program=$PWD/target/debug/countersign
# A short path: names of sockets are limited to 108 bytes.
world=$(mktemp -d)
export GNUPGHOME=$world/gpg
cleanup() { gpgconf --kill all 2>/dev/null || true; rm -rf "$world"; }
trap cleanup EXIT
mkdir -m 700 "$GNUPGHOME"
cargo_home=${CARGO_HOME:-$HOME/.cargo}

say() { printf '\n== %s\n' "$*"; }
fail() { printf '\nstory: %s\n' "$*" >&2; exit 1; }

# Runs countersign with a home of its own, shows command and answer, and holds exit code and codes to what is expected:
# `expect EXIT "CODES" ARGUMENTS…`. The codes are those that decide: refusals and what cannot be told.
expect() {
  local exit=$1 codes=$2 found code=0
  shift 2
  printf '\n$ countersign %s\n' "$*"
  HOME=$world/home "$program" "$@" >"$world/answer" 2>"$world/talk" || code=$?
  sed "s|$world/||g" "$world/talk" "$world/answer"
  [ "$code" = "$exit" ] || fail "the exit code should be $exit, and is $code"
  found=$(sed -nE 's/^(refused|cannot tell) \[([a-z-]+)\].*/\2/p' "$world/answer" | sort -u | xargs)
  [ "$found" = "$codes" ] || fail "the deciding codes should be '$codes', and are '$found'"
}

# A key for somebody, without a passphrase: this is a play.
key() {
  gpg --quiet --batch --passphrase '' --quick-gen-key "$1 <$1@example.org>" ed25519 sign,cert never 2>/dev/null
  gpg --batch --with-colons --list-keys "=$1 <$1@example.org>" 2>/dev/null | awk -F: '/^fpr/ { print $10; exit }'
}

say "four releases of $crate, as cargo unpacks them"
for version in "${releases[@]}"; do
  mkdir -p "$world/fetch/src"
  printf '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n%s = "=%s"\n[workspace]\n' \
    "$crate" "$version" >"$world/fetch/Cargo.toml"
  : >"$world/fetch/src/lib.rs"
  rm -f "$world/fetch/Cargo.lock"
  (cd "$world/fetch" && cargo fetch --quiet)
  for unpacked in "$cargo_home"/registry/src/*/"$crate-$version"; do
    rm -rf "$world/$version"
    cp -Rp "$unpacked" "$world/$version"
    # The mark that cargo leaves is not part of the release.
    rm -f "$world/$version/.cargo-ok"
  done
done

say "the people: a maintainer whom we met, two authors, and somebody else"
maintainer=$(key maintainer) alice=$(key alice) bob=$(key bob) mallory=$(key mallory)
gpg --quiet --batch --export "$maintainer" "$alice" "$bob" "$mallory" >"$world/all.pgp"
cd "$world"
expect 0 "" keyring import all.pgp --keyring "$world/keyring"
say "the maintainer says who may release $crate: alice, and nobody for anything else"
expect 0 "" certify "$alice" --user-id "alice <alice@example.org>" --role author --scope "pkg:cargo/$crate" \
  --key "$maintainer" --keyring "$world/keyring" --yes

say "1. Nothing is set up, nothing is signed: useful all the same"
expect 0 "" accept 1.0.9 --package "pkg:cargo/$crate@1.0.9" --lock plain.lock --yes
cp -R 1.0.9 changed
printf '// changed\n' >>changed/src/lib.rs
expect 1 "content-differs" verify changed --package "pkg:cargo/$crate@1.0.9" --lock plain.lock

say "2. Alice signs her releases; the first author is remembered"
expect 0 "" sign 1.0.9 --package "pkg:cargo/$crate@1.0.9" --key "$alice" --first --store evidence --yes
expect 0 "" verify 1.0.9 --package "pkg:cargo/$crate@1.0.9" --store evidence
expect 0 "" accept 1.0.9 --package "pkg:cargo/$crate@1.0.9" --store evidence --lock first.lock --yes
expect 0 "" sign 1.0.10 --package "pkg:cargo/$crate@1.0.10" --key "$alice" --store evidence --yes
expect 0 "" accept 1.0.10 --package "pkg:cargo/$crate@1.0.10" --store evidence --lock first.lock --yes

say "3. A signature is stripped, and an old release comes back"
mkdir empty
expect 1 "downgrade" verify 1.0.11 --package "pkg:cargo/$crate@1.0.11" --lock first.lock
expect 1 "rollback" verify 1.0.9 --package "pkg:cargo/$crate@1.0.9" --store evidence --lock first.lock

say "4. Mallory takes over the name"
cp -R evidence stolen
expect 0 "" sign 1.0.11 --package "pkg:cargo/$crate@1.0.11" --key "$mallory" --first --store stolen --yes
expect 1 "author-changed" verify 1.0.11 --package "pkg:cargo/$crate@1.0.11" --store stolen --lock first.lock

say "5. Alice takes bob in: both sign, and bob goes on alone"
expect 0 "" sign 1.0.11 --package "pkg:cargo/$crate@1.0.11" --key "$alice" --author "$bob" --store evidence --yes
expect 0 "" sign 1.0.11 --package "pkg:cargo/$crate@1.0.11" --key "$bob" --author "$alice" --store evidence --yes
expect 0 "" verify 1.0.11 --package "pkg:cargo/$crate@1.0.11" --store evidence --lock first.lock
grep -q 'author-handover' "$world/answer" || fail "the handover should be told"
expect 0 "" accept 1.0.11 --package "pkg:cargo/$crate@1.0.11" --store evidence --lock first.lock --yes
expect 0 "" sign 1.0.14 --package "pkg:cargo/$crate@1.0.14" --key "$bob" --store evidence --yes
expect 0 "" verify 1.0.14 --package "pkg:cargo/$crate@1.0.14" --store evidence --lock first.lock

say "6. A policy: only whom the maintainer lets release $crate"
cat >countersign.toml <<POLICY
countersign = "policy/1"
keyrings = ["keyring"]

[[root]]
name = "the maintainer, met in person"
fingerprint = "$maintainer"

[[rule]]
packages = ["*"]
unsigned = "reject"
new-package = "reject"
POLICY
expect 0 "" policy check countersign.toml
expect 0 "" policy explain "pkg:cargo/$crate"
expect 0 "" verify 1.0.11 --package "pkg:cargo/$crate@1.0.11" --store evidence
expect 1 "unauthorised" verify 1.0.14 --package "pkg:cargo/$crate@1.0.14" --store evidence
say "the maintainer lets bob in as well"
expect 0 "" certify "$bob" --user-id "bob <bob@example.org>" --role author --scope "pkg:cargo/$crate" \
  --key "$maintainer" --keyring "$world/keyring" --yes
expect 0 "" verify 1.0.14 --package "pkg:cargo/$crate@1.0.14" --store evidence
expect 0 "" trust path "$bob" --keyring keyring --root "$maintainer" --package "pkg:cargo/$crate" --role author

say "7. Bob's laptop is stolen, and nobody has his revocation certificate"
cat >>countersign.toml <<POLICY

[[distrust]]
fingerprint = "$bob"
reason = "laptop stolen"
POLICY
expect 1 "too-few-authors" verify 1.0.14 --package "pkg:cargo/$crate@1.0.14" --store evidence
expect 0 "" verify 1.0.11 --package "pkg:cargo/$crate@1.0.11" --store evidence

say "every step came out as it is told"
