#!/usr/bin/env bash
# A virtual OpenPGP card with a signing key on it, for as long as somebody holds this script's stdin open.
#
#   setup.sh            set up, print what a test needs as NAME=value lines and then `ready`; then obey stdin:
#                         eject    take the card away (stop the card service); answered by `ejected`
#                         the end  tear everything down
#   setup.sh COMMAND…   set up, run COMMAND with the same names in its environment, tear everything down
#   setup.sh --driver   only build the card's driver, and print where it is
#
# It needs root (the card service's socket is in a system folder), Debian's pcscd, scdaemon and libpcsclite1, and cargo
# to build the driver, the crate ifd-jcecard, in a folder of its own: it is no dependency of Countersign.
#
# The user PIN is 123456. The agent of this home asks `pinentry.sh` for it, which answers what the file $CARD_ANSWERS
# says.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=0.2.0
cache=${CARD_CACHE:-$here/../../target/card}

# Prints the path of the driver, building it first where it is not there.
driver() {
  local library=$cache/build/release/libifd_jcecard.so
  if [ ! -f "$library" ]; then
    # A throwaway package makes cargo fetch the driver's source; the driver is then built with its own Cargo.lock. It
    # is a plugin, which nothing can link, so a dependency on it would not build it.
    mkdir -p "$cache/fetch/src"
    : >"$cache/fetch/src/lib.rs"
    printf '[package]\nname = "card-driver"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[dependencies]\nifd-jcecard = "=%s"\n' \
      "$version" >"$cache/fetch/Cargo.toml"
    cargo fetch --quiet --manifest-path "$cache/fetch/Cargo.toml" >&2
    local source
    source=$(find "${CARGO_HOME:-$HOME/.cargo}/registry/src" -mindepth 2 -maxdepth 2 -name "ifd-jcecard-$version" -print -quit)
    cargo build --quiet --release --locked --lib --manifest-path "$source/Cargo.toml" --target-dir "$cache/build" >&2
  fi
  realpath "$library"
}

library=$(driver)
if [ "${1-}" = --driver ]; then
  echo "$library"
  exit
fi

# One card service at a time on a machine.
exec {lock}>/run/lock/countersign-card.lock
flock --wait 300 "$lock"

# A short path: a socket's name has at most 108 bytes.
work=$(mktemp -d /tmp/card.XXXXXX)
service=
# Ends what this script started, and only that.
teardown() {
  trap - EXIT
  GNUPGHOME=$work/g gpgconf --kill all >/dev/null 2>&1 || true
  eject
  rm -rf "$work"
}
eject() {
  if [ -n "$service" ]; then
    kill "$service" 2>/dev/null || true
    wait "$service" 2>/dev/null || true
    service=
  fi
}
trap teardown EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

mkdir -p "$work/readers" "$work/card" "$work/g"
chmod 700 "$work/g"
export GNUPGHOME=$work/g
printf 'FRIENDLYNAME "jcecard"\nDEVICENAME /dev/null:35963\nLIBPATH %s\nCHANNELID 0x8C7B\n' "$library" >"$work/readers/jcecard"
printf '#!/bin/sh\nexec sh "%s" "%s" "$@"\n' "$here/pinentry.sh" "$work/answers" >"$work/pinentry"
chmod 700 "$work/pinentry"
echo disable-ccid >"$work/g/scdaemon.conf"
printf 'pinentry-program %s\nallow-loopback-pinentry\n' "$work/pinentry" >"$work/g/gpg-agent.conf"
printf 123456 >"$work/answers"

# The card's memory is a file in the service's HOME: a card of its own for each run.
HOME=$work/card pcscd --foreground --config "$work/readers" </dev/null >"$work/pcscd.log" 2>&1 {lock}>&- &
service=$!

# Only the virtual card's own reader counts: no key is ever moved to a real card.
serial() { gpg --batch --no-tty --with-colons --card-status 2>/dev/null | awk -F: '$1 == "Reader" && $2 ~ /^jcecard/ { print $4 }'; }
card=
for _ in $(seq 50); do
  card=$(serial || true)
  [ -n "$card" ] && break
  kill -0 "$service" 2>/dev/null || break
  sleep 0.1
done
if [ -z "$card" ] || ! kill -0 "$service"; then
  echo 'No virtual card appeared (does another card service run?). The card service says:' >&2
  cat "$work/pcscd.log" >&2
  exit 1
fi

gpg --batch --no-tty --quiet --passphrase '' --quick-generate-key 'Card test <card@example.org>' rsa2048 sign never </dev/null 2>"$work/gpg.log"
fingerprint=$(gpg --batch --no-tty --with-colons --list-secret-keys 2>>"$work/gpg.log" | awk -F: '$1 == "fpr" { print $10; exit }')
# The admin PIN, twice: an elliptic key asks a second time, because the slot's kind changes first.
printf 'keytocard\ny\n1\n12345678\n12345678\nsave\n' |
  gpg --no-tty --quiet --command-fd=0 --status-fd=2 --pinentry-mode=loopback --edit-key "$fingerprint" >/dev/null 2>>"$work/gpg.log"
if ! gpg --batch --no-tty --with-colons --list-secret-keys "$fingerprint" 2>>"$work/gpg.log" | awk -F: -v card="$card" '$1 == "sec" && $15 == card { found = 1 } END { exit !found }'; then
  echo 'The key did not move to the card:' >&2
  cat "$work/gpg.log" >&2
  exit 1
fi
gpg --batch --no-tty --export "$fingerprint" >"$work/keyring.pgp"
# As cards come from the shop: the PIN is asked for each signature, not once while the card is in.
printf 'admin\nforcesig\nquit\n' |
  gpg --no-tty --quiet --command-fd=0 --status-fd=2 --pinentry-mode=loopback --card-edit >/dev/null 2>>"$work/gpg.log"
if ! gpg --batch --no-tty --with-colons --card-status 2>>"$work/gpg.log" | grep -q '^forcepin:1:'; then
  echo 'The card does not ask for its PIN each time:' >&2
  cat "$work/gpg.log" >&2
  exit 1
fi
rm -f "$work/answers.log"

export CARD_HOME=$work/g CARD_FINGERPRINT=$fingerprint CARD_SERIAL=$card CARD_ANSWERS=$work/answers CARD_KEYRING=$work/keyring.pgp
if [ $# -gt 0 ]; then
  export CARD_SERVICE=$service
  "$@"
  exit
fi
for name in CARD_HOME CARD_FINGERPRINT CARD_SERIAL CARD_ANSWERS CARD_KEYRING; do
  echo "$name=${!name}"
done
echo ready
while IFS= read -r word; do
  case $word in
    eject)
      eject
      echo ejected
      ;;
    *) echo "unknown: $word" ;;
  esac
done
