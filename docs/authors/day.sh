#!/usr/bin/env bash
# An author's days, as docs/authors.md tells them, on real releases: the crate fnv and the Julia package PythonCall, from
# `countersign init` to the third release, which a maintainer makes alone to whom they were handed over. Their users verify each.
#
#   bash docs/authors/day.sh                        both keys are files
#   tests/card/setup.sh bash docs/authors/day.sh    bob's key is on a virtual smartcard, which asks for its PIN
#
# Needs Rust, GnuPG, git, tar, and a registry to fetch three small crates from; the Julia package needs what tests/julia/fetch.py
# does, and the card needs root and what tests/card/setup.sh names. All keys are made in a throwaway home and gone afterwards;
# nothing of yours is read or written, and nothing is published: a cargo of its own stands in for the registry. Exits with 0 only
# if every step came out as it is told.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cargo build --locked --quiet
programs=$PWD/target/debug
python3 tests/julia/fetch.py target/julia
julia_releases=$PWD/target/julia
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

say "three releases of the crate fnv, as cargo fetches them"
for version in 1.0.5 1.0.6 1.0.7; do
  mkdir -p fetch/src
  printf '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\nfnv = "=%s"\n[workspace]\n' "$version" \
    >fetch/Cargo.toml
  : >fetch/src/lib.rs
  rm -f fetch/Cargo.lock
  (cd fetch && CARGO_HOME=$cargo_home "$real_cargo" fetch --quiet)
done

# Puts a release's files into the author's folder, whose own few files stay.
files_of() {
  find "$2" -mindepth 1 -maxdepth 1 ! -name 'countersign*' ! -name target ! -name .git -exec rm -rf {} +
  cp -R "$1"/. "$2"
}
# The author's working tree at a release: without what packaging adds, and with the manifest as the author wrote it.
crate() {
  mkdir -p fnv
  files_of "$(find "$cargo_home"/registry/src -maxdepth 2 -name "fnv-$1" -print -quit)" fnv
  rm -f fnv/.cargo-ok fnv/.cargo_vcs_info.json fnv/Cargo.lock
  [ ! -e fnv/Cargo.toml.orig ] || mv fnv/Cargo.toml.orig fnv/Cargo.toml
}
# What the crate's users unpack.
unpack() { tar -xzf "fnv/target/package/fnv-$1.crate" -C "$world"; }
publish() { (cd fnv && expect "$@"); }
# Who signs each release.
authors() { sed -i "s/^#* *authors = .*/authors = [$2]/" "$1/countersign-author.toml"; }

say "1. Alice sets her crate up, and publishes the first release"
crate 1.0.5
expect 0 "" countersign init fnv --yes
publish 0 "" cargo-countersign countersign publish --first --yes --key "$alice" --offline
told 'published pkg:cargo/fnv@1.0.5: the archive holds what was signed'
unpack 1.0.5
expect 0 "" countersign accept fnv-1.0.5 --package pkg:cargo/fnv@1.0.5 --store fnv-evidence --lock user.lock --yes
told 'first-use'

say "2. She takes bob in: the second release is signed by both, each with one command"
crate 1.0.6
authors fnv "\"$alice\", \"$bob\""
publish 0 "" cargo-countersign countersign publish --yes --key "$alice" --author "$bob" --offline
told 'Since 1.0.5: '
bob_does publish 0 "" countersign sign --archive target/package/fnv-1.0.6.crate --key "$bob" --yes
unpack 1.0.6
expect 0 "" countersign verify fnv-1.0.6 --package pkg:cargo/fnv@1.0.6 --store fnv-evidence --lock user.lock
told 'author-handover'
expect 0 "" countersign accept fnv-1.0.6 --package pkg:cargo/fnv@1.0.6 --store fnv-evidence --lock user.lock --yes

say "3. Bob makes the third release alone, and the crate's users notice nothing"
crate 1.0.7
authors fnv "\"$bob\""
bob_does publish 0 "" cargo-countersign countersign publish --yes --key "$bob" --offline
unpack 1.0.7
expect 0 "" countersign verify fnv-1.0.7 --package pkg:cargo/fnv@1.0.7 --store fnv-evidence --lock user.lock
printf '// changed\n' >>fnv-1.0.7/lib.rs
expect 1 "content-differs" countersign verify fnv-1.0.7 --package pkg:cargo/fnv@1.0.7 --store fnv-evidence --lock user.lock

say "4. The same for a Julia package, where a tag is signed as it is pushed"
uuid=6099a3de-0909-46bc-b1f4-468b9a2dfc0d
as() { git -c user.name="$1" -c user.email="$1@example.org" -C PythonCall "${@:2}"; }
# Commits a release and tags it. What its tree is called must be what Julia's registry calls it, where that is known here.
release() {
  files_of "$julia_releases/PythonCall-$2" PythonCall
  as "$1" add --force --all -- . ':!countersign*'
  as "$1" commit --quiet --message="version $2"
  as "$1" tag "v$2"
  [ "$(as "$1" rev-parse "v$2^{tree}")" = "$3" ] || fail "the tree of $2 should be $3"
}
# What Julia installs: the tree of the tag, into the place in a depot that is called after package and tree; and what a project
# that uses it says about that.
install() {
  local depot=depot/packages/PythonCall/$3
  mkdir -p "$depot" science
  git --git-dir=remote archive "v$1" | tar -xf - -C "$depot"
  printf 'julia_version = "1.11.2"\nmanifest_format = "2.0"\n\n[[deps.PythonCall]]\ngit-tree-sha1 = "%s"\nuuid = "%s"\nversion = "%s"\n' \
    "$2" "$uuid" "$1" >science/Manifest.toml
}
users() { (cd science && JULIA_DEPOT_PATH=$world/depot expect "$@" --store ../PythonCall-evidence); }
# git's own configuration of this home says whose key signs.
signs() { HOME=$world/home git config --global user.signingkey "$1"; }
releases=(
  "0.9.35 2b67e030054dd9438a00e3d7f59927e839b00569 5WGSP"
  "0.9.36 8d29e96192c00e8c2bf027b790d1950b19fe922e x9Db0"
  "0.9.37 00d3a883b716a8482da76d08dae1f6084bbfeb23 trYos"
)
git init --quiet --bare remote
git init --quiet --initial-branch=main PythonCall
as alice remote add origin ../remote
cp "$julia_releases/PythonCall-0.9.35/Project.toml" PythonCall/
expect 0 "" countersign init PythonCall --yes

read -r version tree slug <<<"${releases[0]}"
release alice "$version" "$tree"
signs "$alice"
expect 1 "" git -C PythonCall push --quiet origin main "v$version"
told 'is not signed, so nothing was pushed'
expect 0 "" countersign sign --git "v$version" PythonCall --first --yes
expect 0 "" git -C PythonCall push --quiet origin main "v$version"
told 'already signed'
install "$version" "$tree" "$slug"
users 0 "" countersign accept --yes

read -r version tree slug <<<"${releases[1]}"
authors PythonCall "\"$alice\", \"$bob\""
release alice "$version" "$tree"
# Whoever takes somebody in says so once; a push alone does not make anybody an author.
expect 1 "" git -C PythonCall push --quiet origin main "v$version"
told "$bob would be a new author"
expect 0 "" countersign sign --git "v$version" PythonCall --author "$bob" --yes
told "signed pkg:julia/PythonCall@$version?uuid=$uuid as $alice"
expect 0 "" git -C PythonCall push --quiet origin main "v$version"
told 'already signed'
signs "$bob"
bob_does expect 0 "" countersign sign --git "v$version" PythonCall --yes
install "$version" "$tree" "$slug"
users 0 "" countersign verify -v
told 'author-handover'
users 0 "" countersign accept --yes

read -r version tree slug <<<"${releases[2]}"
authors PythonCall "\"$bob\""
release bob "$version" "$tree"
bob_does expect 0 "" git -C PythonCall push --quiet origin main "v$version"
told "signed pkg:julia/PythonCall@$version?uuid=$uuid as $bob"
install "$version" "$tree" "$slug"
users 0 "" countersign verify -v
told '1 on first use'
printf '# changed\n' >>"depot/packages/PythonCall/$slug/src/PythonCall.jl"
users 1 "content-differs" countersign verify -v

say "5. Both projects are as they were before, but for what changed since"
expect 0 "" countersign init PythonCall --remove --yes
told 'removed'
[ ! -e PythonCall/.git/hooks/pre-push ] || fail "the hook should be gone"

if [ -n "${CARD_HOME-}" ]; then card="bob's key never left his card"; else card="no card took part"; fi
say "every step came out as it is told; $card"
