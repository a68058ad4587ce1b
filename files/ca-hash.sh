# WORK: a folder for a temporary file. Defines ca_hash, which prints the hash that kubeadm's discovery knows a cluster's CA by.
#
# That is the SHA-256 of its public key as it stands in the certificate (SubjectPublicKeyInfo). A minimal host has no openssl.
der_element() { # FILE, OFFSET: sets tag, start (of what the element holds) and next (what follows it)
    # shellcheck disable=SC2046 # each byte is a word
    set -- "$2" $(od -An -v -t u1 -j "$2" -N 6 "$1")
    tag=$2 start=$(($1 + 2)) length=$3
    if [ "${length:-0}" -gt 128 ]; then
        bytes=$((length - 128)) length=0
        start=$((start + bytes))
        shift 3
        while [ $bytes -gt 0 ] && [ $# -gt 0 ]; do
            length=$((length * 256 + $1)) bytes=$((bytes - 1))
            shift
        done
    fi
    next=$((start + length))
}
ca_hash() { # FILE: of its first certificate
    sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' "$1" | sed '1d;/-----END/,$d' |
        base64 -d >"$WORK/ca.der" && [ -s "$WORK/ca.der" ] || return 1
    der_element "$WORK/ca.der" 0
    der_element "$WORK/ca.der" "$start"
    at=$start
    der_element "$WORK/ca.der" "$at"
    [ "$tag" != 160 ] || at=$next # the version, which only the first one leaves out
    for _ in serial signature issuer validity subject; do
        der_element "$WORK/ca.der" "$at"
        at=$next
    done
    der_element "$WORK/ca.der" "$at"
    [ "$tag" = 48 ] && [ "$next" -le "$(wc -c <"$WORK/ca.der")" ] || return 1
    hash=$(tail -c +$((at + 1)) "$WORK/ca.der" | head -c $((next - at)) | sha256sum)
    echo "sha256:${hash%% *}"
}
