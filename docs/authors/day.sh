#!/usr/bin/env bash
# An author's days, as docs/authors.md tells them: a crate and a Julia package, from `countersign init` to the third release,
# which a maintainer makes alone to whom they were handed over. Their users verify each release.
#
#   bash docs/authors/day.sh                        both keys are files
#   tests/card/setup.sh bash docs/authors/day.sh    bob's key is on a virtual smartcard, which asks for its PIN
#
# Needs Rust, GnuPG, git and tar; the card needs root, too, and what tests/card/setup.sh names. All keys are made in a throwaway
# home and gone afterwards; nothing of yours is read or written, and nothing is published: a cargo of its own stands in for the
# registry. Exits with 0 only if every step came out as it is told.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cargo build --locked --quiet
programs=$PWD/target/debug
real_cargo=$(rustup which cargo 2>/dev/null || command -v cargo)
# A short path: names of sockets are limited to 108 bytes.
world=$(mktemp -d)
export GNUPGHOME=$world/gpg
bobs_home=${CARD_HOME:-$GNUPGHOME}
cleanup() { gpgconf --kill all 2>/dev/null || true; rm -rf "$world"; }
trap cleanup EXIT
mkdir -m 700 "$GNUPGHOME"
mkdir "$world/home" "$world/stand-in"
cargo_home=${CARGO_HOME:-$HOME/.cargo} rustup_home=${RUSTUP_HOME:-$HOME/.rustup}
cat >"$world/stand-in/cargo" <<CARGO
#!/bin/sh
# Packs again, as publishing does, and uploads nothing.
[ "\$1" = publish ] && { shift; set -- package --no-verify "\$@"; }
exec '$real_cargo' "\$@"
CARGO
chmod +x "$world/stand-in/cargo"

say() { printf '\n== %s\n' "$*"; }
fail() { printf '\nday: %s\n' "$*" >&2; exit 1; }

# Runs a program as somebody with a home of their own, shows command and answer, and holds exit code and deciding codes to what
# is expected: `expect EXIT "CODES" PROGRAM ARGUMENTS…`.
expect() {
  local exit=$1 codes=$2 found code=0
  shift 2
  printf '\n$ %s\n' "$*"
  HOME=$world/home CARGO_HOME=$cargo_home RUSTUP_HOME=$rustup_home CARGO=$world/stand-in/cargo PATH=$programs:$PATH "$@" \
    >"$world/answer" 2>"$world/talk" </dev/null || code=$?
  sed "s|$world/||g" "$world/talk" "$world/answer"
  [ "$code" = "$exit" ] || fail "the exit code should be $exit, and is $code"
  found=$(sed -nE 's/^(refused|cannot tell) \[([a-z-]+)\].*/\2/p' "$world/answer" | sort -u | xargs)
  [ "$found" = "$codes" ] || fail "the deciding codes should be '$codes', and are '$found'"
}
told() { grep -qF -- "$1" "$world/answer" "$world/talk" || fail "'$1' should be told"; }

# A key for somebody, without a passphrase: this is a play.
key() {
  gpg --quiet --batch --passphrase '' --quick-gen-key "$1 <$1@example.org>" ed25519 sign,cert never 2>/dev/null
  gpg --batch --with-colons --list-keys "=$1 <$1@example.org>" 2>/dev/null | awk -F: '/^fpr/ { print $10; exit }'
}
alice=$(key alice) bob=${CARD_FINGERPRINT:-$(key bob)}
# The questions that bob's pinentry was asked so far; a key that is a file without a passphrase asks none.
asked() { if [ -n "${CARD_ANSWERS-}" ]; then grep -c GETPIN "$CARD_ANSWERS.log" 2>/dev/null || true; else echo 0; fi; }
# Something that bob does with his key: his card wants its PIN, once, and he is asked nothing else.
bob_does() {
  local before
  before=$(asked)
  GNUPGHOME=$bobs_home "$@"
  [ -z "${CARD_HOME-}" ] || [ "$(asked)" = $((before + 1)) ] || fail "bob should have been asked for his PIN once"
}
cd "$world"

# What the crate's users unpack.
unpack() { tar -xzf "acme/target/package/acme-$1.crate" -C "$world"; }
crate() {
  mkdir -p acme/src
  printf '[package]\nname = "acme"\nversion = "%s"\nedition = "2021"\nlicense = "MIT"\ndescription = "x"\n[workspace]\n' "$1" \
    >acme/Cargo.toml
  printf '//! Version %s.\n' "$1" >acme/src/lib.rs
}
publish() { (cd acme && expect "$@"); }
# Who signs each release.
authors() { sed -i "s/^#* *authors = .*/authors = [$2]/" "$1/countersign-author.toml"; }

say "1. Alice sets her crate up, and publishes the first release"
crate 1.0.0
expect 0 "" countersign init acme --yes
publish 0 "" cargo-countersign countersign publish --first --yes --key "$alice" --offline
told 'published pkg:cargo/acme@1.0.0: the archive holds what was signed'
unpack 1.0.0
expect 0 "" countersign accept acme-1.0.0 --package pkg:cargo/acme@1.0.0 --store acme-evidence --lock user.lock --yes
told 'first-use'

say "2. She takes bob in: the second release is signed by both, each with one command"
crate 1.1.0
authors acme "\"$alice\", \"$bob\""
publish 0 "" cargo-countersign countersign publish --yes --key "$alice" --offline
told 'Since 1.0.0: '
bob_does publish 0 "" countersign sign --archive target/package/acme-1.1.0.crate --key "$bob" --yes
unpack 1.1.0
expect 0 "" countersign verify acme-1.1.0 --package pkg:cargo/acme@1.1.0 --store acme-evidence --lock user.lock
told 'author-handover'
expect 0 "" countersign accept acme-1.1.0 --package pkg:cargo/acme@1.1.0 --store acme-evidence --lock user.lock --yes

say "3. Bob makes the third release alone, and the crate's users notice nothing"
crate 1.2.0
authors acme "\"$bob\""
bob_does publish 0 "" cargo-countersign countersign publish --yes --key "$bob" --offline
unpack 1.2.0
expect 0 "" countersign verify acme-1.2.0 --package pkg:cargo/acme@1.2.0 --store acme-evidence --lock user.lock
printf '// changed\n' >>acme-1.2.0/src/lib.rs
expect 1 "content-differs" countersign verify acme-1.2.0 --package pkg:cargo/acme@1.2.0 --store acme-evidence --lock user.lock

say "4. The same for a Julia package, where a tag is signed as it is pushed"
uuid=7876af07-990d-54b4-ab0e-23690620f79a
as() { git -c user.name="$1" -c user.email="$1@example.org" -C Example "${@:2}"; }
release() {
  mkdir -p Example/src
  printf 'name = "Example"\nuuid = "%s"\nversion = "%s"\n' "$uuid" "$2" >Example/Project.toml
  printf 'module Example\n# %s\nend\n' "$2" >Example/src/Example.jl
  as "$1" add --all
  as "$1" commit --quiet --message="version $2"
  as "$1" tag "v$2"
}
# What Julia installs.
install() {
  git clone --quiet --branch "v$1" remote "Example-$1" 2>/dev/null
  rm -rf "Example-$1/.git"
}
# git's own configuration of this home says whose key signs.
signs() { HOME=$world/home git config --global user.signingkey "$1"; }
git init --quiet --bare remote
git init --quiet --initial-branch=main Example
as alice remote add origin ../remote
printf 'name = "Example"\n' >Example/Project.toml
expect 0 "" countersign init Example --yes
release alice 0.1.0
signs "$alice"
expect 0 "" countersign sign --git v0.1.0 Example --first --yes
expect 0 "" git -C Example push --quiet origin main v0.1.0
told 'already signed'
install 0.1.0
expect 0 "" countersign accept Example-0.1.0 --package "pkg:julia/Example@0.1.0?uuid=$uuid" --store Example-evidence \
  --lock julia.lock --yes
authors Example "\"$alice\", \"$bob\""
release alice 0.2.0
expect 0 "" git -C Example push --quiet origin main v0.2.0
told "signed pkg:julia/Example@0.2.0?uuid=$uuid as $alice"
signs "$bob"
bob_does expect 0 "" countersign sign --git v0.2.0 Example --yes
install 0.2.0
expect 0 "" countersign accept Example-0.2.0 --package "pkg:julia/Example@0.2.0?uuid=$uuid" --store Example-evidence \
  --lock julia.lock --yes
told 'author-handover'
authors Example "\"$bob\""
release bob 0.3.0
bob_does expect 0 "" git -C Example push --quiet origin main v0.3.0
told "signed pkg:julia/Example@0.3.0?uuid=$uuid as $bob"
install 0.3.0
expect 0 "" countersign verify Example-0.3.0 --package "pkg:julia/Example@0.3.0?uuid=$uuid" --store Example-evidence \
  --lock julia.lock

say "5. Both projects are as they were before, but for what changed since"
expect 0 "" countersign init Example --remove --yes
told 'removed'
[ ! -e Example/.git/hooks/pre-push ] || fail "the hook should be gone"

if [ -n "${CARD_HOME-}" ]; then card="bob's key never left his card"; else card="no card took part"; fi
say "every step came out as it is told; $card"
