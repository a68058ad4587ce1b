# RECIPIENT, WORK: defines seal, which encrypts stdin, and api_server_files and files_beside, which list what the API server reads.
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
# Prints `own PATH` or `other PATH` for each flag that names a path of a volume: own, where its folder is such a volume itself.
api_server_paths() {
    [ -e /etc/kubernetes/manifests/kube-apiserver.yaml ] || return 0
    # A flag names a path of the container; which of the host's that is, the deepest mount and its volume tell. The log is none.
    awk '
        function plain(path, parts, count, part, depth, kept) { # without empty parts, . and ..; of the root nothing
            count = split(path, parts, "/")
            for (part = 1; part <= count; part++)
                if (parts[part] == "..") depth -= (depth > 0)
                else if (parts[part] != "" && parts[part] != ".") kept[++depth] = parts[part]
            path = ""
            for (part = 1; part <= depth; part++) path = path "/" kept[part]
            return path
        }
        { gsub(/["\047]/, ""); value = $0; sub(/^.*: /, "", value) }
        /^ *- --[a-z-]+=/ && !/^ *- --(audit-)?log/ {
            is_pair = /^ *- --tls-sni-cert-key=/ # CERTIFICATE,KEY:NAMES
            sub(/^ *- --[a-z-]+=/, "")
            if (is_pair) sub(/:.*/, "")
            given = split($0, words, ",")
            for (word = 1; word <= given; word++) if (words[word] ~ /^\//) flags[++flagged] = plain(words[word])
        }
        / mountPath: /  { mount = value }
        / hostPath:/    { of_host = 1 }
        / path: \// && of_host { host = value; of_host = 0 }
        /^ *(- )?name: / && mount { at[value] = plain(mount); mount = "" }
        /^ *(- )?name: / && host { from[value] = plain(host); own[from[value]]; host = "" }
        END {
            for (number = 1; number <= flagged; number++) {
                deepest = -1
                for (name in at)
                    if (name in from && (flags[number] == at[name] || index(flags[number], at[name] "/") == 1))
                        if (length(at[name]) > deepest) { deepest = length(at[name]); found = from[name] }
                if (deepest < 0) continue
                found = found substr(flags[number], deepest + 1)
                folder = found
                sub(/\/[^\/]*$/, "", folder)
                print (folder in own ? "own " : "other ") found
            }
        }' /etc/kubernetes/manifests/kube-apiserver.yaml | sort -u
}
api_server_files() { # those that are there, and links that lead nowhere
    api_server_paths | while read -r _ path; do
        if [ -f "$path" ] || { [ -L "$path" ] && [ ! -e "$path" ]; }; then echo "$path"; fi
    done
}
# A flag's file may name others, which lie beside it: small and few, in a folder that is there for them.
files_beside() {
    api_server_paths | sed -n 's/^own //p' | sed 's|/[^/]*$||' | sort -u | while read -r folder; do
        case $folder/ in
            / | /etc/ | /etc/ssl/* | /etc/pki/* | /usr/* | /var/ | /var/lib/ | /var/log/* | /var/run/* | /run/* | /dev/* | /proc/* | \
                /sys/* | /tmp/ | /var/tmp/ | /root/ | /home/ | /opt/ | /srv/ | /mnt/ | /media/) continue ;;
        esac
        [ -d "$folder" ] || continue
        find -L "$folder" -mindepth 1 -maxdepth 1 -type f -size -2049 ! -name '*[[:cntrl:]]*' 2>/dev/null |
            awk '{ found[NR] = $0 } END { if (NR <= 64) for (number = 1; number <= NR; number++) print found[number] }'
    done
}
