# RECIPIENT, WORK: defines seal, which encrypts stdin, and api_server_files, which lists what its manifest names on this host.
#
# RECIPIENT: empty, a recipient of age, or the file of a public key of gpg. WORK: a folder for temporary files. prepare_seal is
# called first; it sets sealed to the ending of what is encrypted, and calls refuse.
prepare_seal() {
    case $RECIPIENT in
        '') sealed= ;;
        age1*) sealed=.age ;;
        *) sealed=.gpg ;;
    esac
    [ -z "$sealed" ] || command -v "${sealed#.}" >/dev/null ||
        refuse "${sealed#.} is not installed there, and the backup is to be encrypted" "install it"
    [ "$sealed" = .gpg ] || return 0
    # Not imported: that would start an agent, whose socket needs a short path.
    mkdir -m 700 "$WORK/gnupg" && encrypts --dearmor <"$RECIPIENT" >"$WORK/gnupg/keys.gpg" 2>"$WORK/words" ||
        failed "gpg --dearmor"
    # The first fingerprint behind a key is its own, those behind it are of its subkeys.
    sealed_for=$(encrypts --trust-model always --with-colons --fingerprint --list-keys 2>/dev/null |
        awk -F : '$1 == "pub" { own = 1 } $1 == "fpr" && own { print "--recipient " $10; own = 0 }')
    [ -n "$sealed_for" ] || refuse "$RECIPIENT holds no public key of gpg" "name one in backup.recipient"
}
encrypts() {
    gpg --homedir "$WORK/gnupg" --batch --no-tty --quiet --no-default-keyring --keyring "$WORK/gnupg/keys.gpg" "$@"
}
seal() {
    # shellcheck disable=SC2086 # each of sealed_for is a word
    case $sealed in
        .age) age --encrypt --recipient "$RECIPIENT" ;;
        .gpg) encrypts --trust-model always --encrypt $sealed_for ;;
    esac
}
api_server_files() {
    [ -e /etc/kubernetes/manifests/kube-apiserver.yaml ] || return 0
    # A flag names a path of the container; which of the host's that is, a mount and its volume tell. The log is none of them.
    awk '
        { value = $0; sub(/^.*: /, "", value); gsub(/"/, "", value) }
        /^ *- --[a-z-]+=\// && !/^ *- --(audit-)?log/ { sub(/^ *- --[a-z-]+=/, ""); flags[++count] = $0 }
        / mountPath: /  { mount = value }
        / path: \//     { host = value }
        /^ *(- )?name: / && mount { at[value] = mount; mount = "" }
        /^ *(- )?name: / && host { from[value] = host; host = "" }
        END {
            for (number = 1; number <= count; number++)
                for (name in at)
                    if (name in from && (flags[number] == at[name] || index(flags[number], at[name] "/") == 1))
                        print from[name] substr(flags[number], length(at[name]) + 1)
        }' /etc/kubernetes/manifests/kube-apiserver.yaml | sort -u | while read -r path; do
        case $path in /etc/kubernetes/*) ;; *) [ ! -f "$path" ] || echo "$path" ;; esac
    done
}
