#!/bin/sh
# Builds Countersign and lets it judge one real crate, as cargo unpacked it on this machine: first as it is, then a copy
# with one changed byte. Needs Rust and a linker. Exits with 0 only if the first was accepted and the second refused,
# with exactly the codes that belong to it.
set -eu
cd "$(dirname "$0")/.."

name=same-file
signer=AF02AC921A6DAE9FD2327FD3FBB49BF4B09EC406

say() { printf '\n== %s\n' "$*"; }
fail() { printf '\nfirst-verdict: %s\n' "$1" >&2; exit "${2:-1}"; }

# The dev profile, which the tests use too; it does not wait for link-time optimisation.
say "building"
cargo build --locked

version=$(awk -v name="$name" '$0 == "name = \"" name "\"" { getline; gsub(/version = |"/, ""); print; exit }' Cargo.lock)
[ -n "$version" ] || fail "Cargo.lock names no $name any more; evidence/README.md says what to do" 2
package=pkg:cargo/$name@$version

# To build, cargo had to fetch the crate, check it against the checksum in Cargo.lock, and unpack it.
crate=
for found in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"$name-$version"; do
    [ ! -d "$found" ] || crate=$found
done
[ -n "$crate" ] || fail "cargo has not unpacked $name-$version below ${CARGO_HOME:-$HOME/.cargo}/registry/src; \
with vendored crates this script has nothing to look at" 2

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' HUP INT TERM

# Runs `countersign verify` on a directory, shows the command and the answer, and checks the exit code.
verify() {
    wanted=$1
    dir=$2
    printf 'countersign verify %s --package %s \\\n  --keyring keyrings/demonstration.asc --signer %s --store evidence/store\n\n' \
        "$dir" "$package" "$signer"
    code=0
    cargo run --locked --quiet -- verify "$dir" --package "$package" --keyring keyrings/demonstration.asc \
        --signer "$signer" --store evidence/store > "$scratch/answer" || code=$?
    cat "$scratch/answer"
    [ "$code" -eq "$wanted" ] || fail "the exit code should be $wanted, and is $code"
}

say "the crate as cargo unpacked it"
verify 0 "$crate"
grep -q '^ACCEPTED: ' "$scratch/answer" || fail "it should be accepted"

say "a copy with one byte changed"
cp -Rp "$crate" "$scratch/copy"
printf '#' | dd of="$scratch/copy/src/lib.rs" bs=1 seek=0 conv=notrunc 2>/dev/null
verify 1 "$scratch/copy"
grep -q '^refused \[content-differs\] src/lib\.rs: ' "$scratch/answer" || fail "content-differs should be told of src/lib.rs"
[ "$(grep -c '^refused ' "$scratch/answer")" -eq 1 ] || fail "nothing else should be refused"

say "both verdicts are as they should be"
