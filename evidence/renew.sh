#!/bin/sh
# Makes the evidence of the README's first command anew, after Cargo.lock has changed: a new demonstration key signs a check for
# every dependency that is what Cargo.lock says, and is destroyed. Needs Rust, GnuPG, and the network for `cargo fetch`.
set -eu
cd "$(dirname "$0")/.."

cargo fetch --locked
cargo build --locked
program=$PWD/${CARGO_TARGET_DIR:-target}/debug/countersign

# Short, since the name of gpg-agent's socket has at most 108 bytes.
GNUPGHOME=$(mktemp -d /tmp/cs-XXXXXX)
export GNUPGHOME
destroy() {
    gpgconf --kill all 2>/dev/null || true
    find "$GNUPGHOME" -type f -exec shred -u {} + 2>/dev/null || true
    rm -rf "$GNUPGHOME"
}
trap destroy EXIT
trap 'exit 2' HUP INT TERM

gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-gen-key \
    'Countersign demonstration key <demonstration@example.org>' ed25519 sign,cert never
signer=$(gpg --batch --with-colons --list-keys | awk -F: '$1 == "fpr" { print $10; exit }')
gpg --batch --armor --export-options export-minimal --export > keyrings/demonstration.asc
for file in evidence/policy.toml keyrings/README.md; do
    sed -i "s/FINGERPRINT\|[0-9A-F]\{40\}/$signer/" "$file"
done
rm -rf evidence/store
"$program" check run registry-checksum --key "$signer" --store evidence/store --yes
