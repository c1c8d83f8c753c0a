#!/bin/sh
# Judges the project in HEAD by the policy, the keyring and the lock of BASE, the branch that it would be merged into:
#
#   sh BASE/ci/check.sh BASE HEAD [OPTION…]
#
# Exits with the verdict's code: 0 accepted, 1 rejected, 2 could not be told. Writes countersign.sarif and countersign.html into the
# folder that it is started in. Options go to `countersign report`: --store HEAD/evidence for the evidence that the change brings.
# Nothing of HEAD is run, so this may judge what nobody has read yet; take this script from BASE.
set -eu
[ $# -ge 2 ] || { echo "usage: check.sh BASE HEAD [OPTION…]" >&2; exit 2; }
base=$(cd -- "$1" && pwd)
head=$(cd -- "$2" && pwd)
shift 2
out=$(pwd)

if [ -f "$head/Cargo.lock" ]; then
    # Cargo and rustup obey the files of the folder in which they are started, so that is an empty one.
    empty=$(mktemp -d)
    trap 'rm -rf "$empty"' EXIT
    (cd "$empty" && cargo fetch --locked --manifest-path "$head/Cargo.toml") || exit 2
fi

cd -- "$head"
countersign report --base "$base" --sarif "$out/countersign.sarif" --html "$out/countersign.html" "$@"
