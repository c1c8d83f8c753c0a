#!/bin/sh
# Builds Countersign and lets it judge everything that it is built from: every dependency that Cargo.lock names, as cargo
# unpacked it on this machine; then the same with one byte of one dependency changed. Needs Rust and a linker. Exits with 0 only
# if the first was accepted and the second refused, with exactly the code and file that belong to it.
set -eu
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
fail() { printf '\nfirst-verdict: %s\n' "$1" >&2; exit "${2:-1}"; }

say "fetching and building"
# All that Cargo.lock names, also what other systems need: `verify` looks at every entry.
cargo fetch --locked
# The dev profile, which the tests use too; it does not wait for link-time optimisation.
cargo build --locked
program=${CARGO_TARGET_DIR:-target}/debug/countersign
home=${CARGO_HOME:-$HOME/.cargo}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' HUP INT TERM

# Runs `countersign verify` with cargo's home at a place, shows the command and the answer, and checks the exit code.
verify() {
    wanted=$1
    shift
    printf '%scountersign verify --policy evidence/policy.toml --lock %s/countersign.lock\n\n' "$2" "$scratch"
    code=0
    CARGO_HOME=$1 "$program" verify --policy evidence/policy.toml --lock "$scratch/countersign.lock" > "$scratch/answer" || code=$?
    cat "$scratch/answer"
    [ "$code" -eq "$wanted" ] || fail "the exit code should be $wanted, and is $code; evidence/README.md says what to do after Cargo.lock has changed"
}

say "every dependency, as cargo unpacked it"
verify 0 "$home" ''
grep -q '^ACCEPTED: ' "$scratch/answer" || fail "all of it should be accepted"

say "the same with one byte of one dependency changed"
# A home of cargo that leads to the real one, but for one crate, which is a copy.
name=same-file
version=$(awk -v name="$name" '$0 == "name = \"" name "\"" { getline; gsub(/version = |"/, ""); print; exit }' Cargo.lock)
[ -n "$version" ] || fail "Cargo.lock names no $name any more; let this script change another crate" 2
mkdir -p "$scratch/home/registry/src"
ln -s "$home/registry/cache" "$scratch/home/registry/cache"
for index in "$home"/registry/src/*/; do
    [ -d "$index$name-$version" ] || continue
    copy=$scratch/home/registry/src/$(basename "$index")
    mkdir "$copy"
    for crate in "$index"*; do
        [ "$crate" = "$index$name-$version" ] || ln -s "$crate" "$copy/"
    done
    cp -Rp "$index$name-$version" "$copy/"
    printf '#' | dd of="$copy/$name-$version/src/lib.rs" bs=1 seek=0 conv=notrunc 2>/dev/null
done
verify 1 "$scratch/home" "CARGO_HOME=$scratch/home "
grep -q '^refused \[content-differs\] src/lib\.rs: ' "$scratch/answer" || fail "content-differs should be told of src/lib.rs"

say "both verdicts are as they should be"
