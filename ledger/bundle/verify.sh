#!/bin/sh
# Check a Shelfmark proof bundle with a shell, openssl 3.0 or newer, and sha256sum.
#
#     sh verify.sh [VKEY]        in the folder that the bundle was unpacked to
#
# VKEY is the log's verifier key, got from elsewhere than this bundle. Exit code 0: right.
# It checks MANIFEST, the proof, the signature and the commitments. verify.py checks more.
set -euf
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

wrong() {
    echo "WRONG  $*" >&2
    exit 1
}

# Write bytes that are given in hex, in one go: `printf` knows octal numbers everywhere.
bytes() {
    left=$1
    format=
    while [ -n "$left" ]; do
        rest=${left#??}
        byte=$((0x${left%"$rest"}))
        format="$format\\$((byte / 64))$((byte / 8 % 8))$((byte % 8))"
        left=$rest
    done
    # shellcheck disable=SC2059  # the format is made of digits
    printf "$format"
}

# Print what comes in as hex.
hex() { od -An -v -tx1 | tr -d ' \n'; }
digest() { sha256sum | cut -c 1-64; }
node() { bytes "01$1$2" | digest; }

# Print in hex what base64 says; there must be no other spelling of it.
unbase64() {
    printf %s "$1" | base64 -d >"$work/decoded" 2>/dev/null || wrong "$1 is not base64."
    [ "$(base64 <"$work/decoded" | tr -d '\n')" = "$1" ] || wrong "$1 is not base64."
    hex <"$work/decoded"
}

number() {
    case $1 in
    0) ;;
    '' | 0* | *[!0-9]*) wrong "$1 is not a number." ;;
    esac
    [ ${#1} -le 18 ] || wrong "$1 is too large a number for a shell."
}

# 1. The files are those of MANIFEST, and there are no others.
sha256sum -c MANIFEST >"$work/sums" 2>&1 || {
    grep -v ': OK$' "$work/sums" >&2 || true
    wrong "The files are not those that MANIFEST lists."
}
cut -c 67- MANIFEST | sort >"$work/listed"
ls -A | grep -v '^MANIFEST$' | sort >"$work/present"
cmp -s "$work/listed" "$work/present" || wrong "There are other files than MANIFEST lists."
echo "right  The files are those of MANIFEST, sha256 $(digest <MANIFEST)."

# 2. From the record up the tree: RFC 9162, sections 2.1.1 and 2.1.3.2.
blank=$(sed -n '/^$/{=;q;}' proof.tlog-proof)
[ -n "$blank" ] || wrong "The proof has no checkpoint."
sed "$((blank + 1)),\$!d" proof.tlog-proof >"$work/note"
[ "$(sed -n 1p proof.tlog-proof)" = "c2sp.org/tlog-proof@v1" ] || wrong "This is no proof."
index=$(sed -n '2s/^index //p' proof.tlog-proof)
origin=$(sed -n 1p "$work/note")
size=$(sed -n 2p "$work/note")
number "$index"
number "$size"
root=$(unbase64 "$(sed -n 3p "$work/note")")
[ "$index" -lt "$size" ] || wrong "The proof speaks of entry $index in a log of $size."

hash=$({ bytes 00 && cat record.json; } | digest)
place=$index
last=$((size - 1))
for line in $(sed -n "3,$((blank - 1))p" proof.tlog-proof); do
    sibling=$(unbase64 "$line")
    [ ${#sibling} -eq 64 ] || wrong "The proof has a hash of another length."
    [ "$last" -ne 0 ] || wrong "The proof is too long."
    if [ $((place % 2)) -eq 1 ] || [ "$place" -eq "$last" ]; then
        hash=$(node "$sibling" "$hash")
        while [ $((place % 2)) -eq 0 ] && [ "$place" -ne 0 ]; do
            place=$((place / 2))
            last=$((last / 2))
        done
    else
        hash=$(node "$hash" "$sibling")
    fi
    place=$((place / 2))
    last=$((last / 2))
done
[ "$last" -eq 0 ] && [ "$hash" = "$root" ] ||
    wrong "The proof does not lead from record.json to the root of the checkpoint."
echo "right  The record is entry number $index of the $size in the log $origin."

# 3. The signature: Ed25519 over the checkpoint's lines, by a key of the log.
blank=$(sed -n '/^$/=' "$work/note" | tail -n 1)
[ -n "$blank" ] || wrong "The checkpoint is not signed."
sed "$blank,\$d" "$work/note" >"$work/text"
signed=no
for vkey in ${1:-$(cat log.vkey)}; do
    name=${vkey%%+*}
    rest=${vkey#*+}
    key_id=${rest%%+*}
    key=$(unbase64 "${rest#*+}")
    [ ${#key} -eq 66 ] && [ "${key#01}" != "$key" ] || wrong "$vkey is not a key of a log."
    [ "$({ printf '%s\n' "$name" && bytes "$key"; } | digest | cut -c 1-8)" = "$key_id" ] ||
        wrong "The key id in $vkey is that of another key."
    [ "$name" = "$origin" ] || continue
    # The fixed bytes say that this is a public key for Ed25519: RFC 8410, section 4.
    bytes "302a300506032b6570032100${key#01}" >"$work/key"
    dash=$(printf '\342\200\224')
    for line in $(sed "1,${blank}d" "$work/note" | grep -F "$dash $name " | cut -d ' ' -f 3); do
        signature=$(unbase64 "$line")
        [ "${signature#"$key_id"}" != "$signature" ] || continue
        bytes "${signature#"$key_id"}" >"$work/signature"
        openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key" -rawin \
            -in "$work/text" -sigfile "$work/signature" >/dev/null 2>&1 ||
            wrong "The signature of $name under the checkpoint is wrong."
        signed=$vkey
    done
done
[ "$signed" != no ] || wrong "No known key of the log $origin signed the checkpoint."
echo "right  The checkpoint is signed by the key $signed."
[ $# -gt 0 ] || echo "note   That key came with the bundle. Get it from elsewhere to be sure."

# 4. The commitments: SHA-256 of the salt and the value, in the record under their names.
for part in input person device actor details; do
    case $part in
    details) name=private ;;
    actor) name=actor ;;
    *) name=${part}_commitment ;;
    esac
    line=$(grep "^\"$part\":" openings.json 2>/dev/null) || continue
    salt=$(printf '%s\n' "$line" | sed 's/^"[a-z]*":{"salt":"\([0-9a-f]*\)".*/\1/')
    printf '%s\n' "$line" | sed 's/^"[a-z]*":{"salt":"[0-9a-f]*","value"://; s/,$//; s/}$//' |
        tr -d '\n' >"$work/value"
    committed=$({ bytes "$salt" && cat "$work/value"; } | digest)
    grep -q "\"$name\":\"$committed\"" record.json ||
        wrong "The $part in openings.json is not the one of the record."
    echo "right  The $part in openings.json is the one that was recorded."
done
echo "Everything that was checked is right."
