# HOST, SEEN, CONFIG, FOLDER, RENEWED, REVIVES, UP_TO: renews certificates and kubeconfigs of this control plane, and has each of
# its static pods come up with them before the next. Stands behind static-pod.sh.
#
# RENEWED: lines "COMPONENT NAME PATH" in their order; "-" for what no static pod reads. CONFIG: kubeadm's file, whose
# certificatesDir is FOLDER, a folder beside the one that serves; both are removed afterwards. REVIVES: "yes" where nothing
# serves with what is replaced, so that nothing is put back. UP_TO: a component behind which it ends and waits for nobody.
# SEEN: when it was looked at what is due, by this host's clock.
#
# What stood before is kept until all serves, with a note of what was renewed: a run that was cut off is gone on with.
pki=/etc/kubernetes/pki
kept=/var/lib/k8s-ha/certificates
current=
trap 'rm -rf "$CONFIG" "$FOLDER"' EXIT
trap '' HUP PIPE
trap 'undo; exit 143' TERM
files() { # PATH: and the key beside it
    case $1 in
        *.crt) echo "${1%.crt}.key" "$1" ;;
        *) echo "$1" ;;
    esac
}
digest() { # PATH
    # shellcheck disable=SC2046 # one word or two
    cat $(files "$1") 2>/dev/null | sha256sum | cut -d ' ' -f 1
}
# PATH: the digest of what was put there; "-" from before that until it is there.
noted() { sed -n "s#^$1 ##p" "$kept/renewed" 2>/dev/null | tail -n 1; }
note() { echo "$1 $2" >>"$kept/renewed" && { timeout 60 sync || true; }; } # PATH, what noted tells of it, also after a power cut
is_renewed() { [ "$(noted "$1")" = "$(digest "$1")" ]; }                   # PATH
# PATH: whether somebody else has replaced it since it was kept. Of a pair that is half in place the certificate is the kept one.
is_anothers() {
    case $(noted "$1") in - | "$(digest "$1")") return 1 ;; esac
    ! cmp -s "$kept$1" "$1"
}
# Whether another run, which held the lock before, has renewed all of them since.
is_over() {
    [ ! -e "$kept" ] || return 1
    for each in $(echo "$RENEWED" | cut -d ' ' -f 3); do
        [ "$(stat -L -c %Y "$each" 2>/dev/null || echo 0)" -gt "$SEEN" ] || return 1
    done
}
placed() { # FROM, TO: what TO holds is replaced, and its mode and owner stay
    cp -p "$kept$2" "$FOLDER/placed" && cat "$1" >"$FOLDER/placed" && copied "$FOLDER/placed" "$(readlink -f "$2")"
}
restored() { cmp -s "$kept$1" "$1" || copied "$kept$1" "$(readlink -f "$1")"; } # FILE
undo() { # the one that was at work
    [ -n "$current" ] && ! is_renewed "$current" || return 0
    for file in $(files "$current"); do restored "$file"; done
}
of() { echo "$RENEWED" | sed -n "s/^$1 //p"; } # COMPONENT: its lines
former() { cat "$kept/$1.containers"; } # COMPONENT: its containers that came up with what stood before
running() { running_ids "$1" >"$kept/$1.new" && mv -f "$kept/$1.new" "$kept/$1.containers"; } # COMPONENT
put_back() { # COMPONENT
    # Half of a pair, if this is cut off, is nobody's.
    of "$1" | sed 's/^[^ ]* \(.*\)/\1 -/' >>"$kept/renewed" && timeout 60 sync || true
    of "$1" | while read -r _ path; do
        for file in $(files "$path"); do
            restored "$file" || exit 1
        done
    done
}
fail() { # COMPONENT, REASON
    current=
    [ ! -e "$kept/$1.containers" ] || last_words "$1" "$(former "$1")"
    if [ -n "$REVIVES" ]; then
        echo "$HOST: $2; what stood before is in $kept; see the lines above and \`$tool ps -a\` there, then run this again."
    elif ! put_back "$1"; then
        echo "$HOST: $2, and what stood before could not be put back from $kept; put it back, then run this again."
    elif [ ! -e "$kept/$1.containers" ] || { running "$1" && restarted_from "$1" "$(former "$1")"; }; then
        rm -rf "$kept"
        echo "$HOST: $2; what it had before is back and serves; see the lines above, then run this again."
    else
        echo "$HOST: $2, nor does it serve with what it had before, which is back; see \`$tool ps -a\` there, then run this again."
    fi >&2
    exit 1
}
renew() { # COMPONENT, NAME, PATH
    ! is_renewed "$3" || return 0
    # What came up before comes up again.
    rm -rf "$kept/$1.up" "$kept/$1.containers" "$FOLDER" && mkdir -p -m 700 "$FOLDER/etcd" &&
        ln -s $pki/ca.crt $pki/ca.key $pki/front-proxy-ca.crt $pki/front-proxy-ca.key "$FOLDER/" &&
        ln -s $pki/etcd/ca.crt $pki/etcd/ca.key "$FOLDER/etcd/" || fail "$1" "$FOLDER cannot be made"
    current=$3
    note "$3" - || fail "$1" "$kept cannot be written"
    case $3 in
        *.crt)
            new=$FOLDER${3#"$pki"}
            cp "$kept$3" "$new" && kubeadm certs renew "$2" --config "$CONFIG" && [ -s "${new%.crt}.key" ] && ! cmp -s "$kept$3" "$new" ||
                fail "$1" "kubeadm renewed no certificate $2"
            # The key comes first: only with the certificate behind it is the pair another one.
            placed "${new%.crt}.key" "${3%.crt}.key" && placed "$new" "$3" || fail "$1" "$3 could not be put in place"
            ;;
        *)
            # kubeadm writes it where it is: what a cut has left of it is not whole.
            restored "$3" || fail "$1" "$3 could not be put back"
            kubeadm certs renew "$2" --config "$CONFIG" && [ -s "$3" ] && ! cmp -s "$kept$3" "$3" ||
                fail "$1" "kubeadm renewed no kubeconfig $2"
            ;;
    esac
    timeout 60 sync || true # what is noted is on the disk
    note "$3" "$(digest "$3")" || fail "$1" "$kept cannot be written"
    current=
}

! is_over || exit 0
components=$(echo "$RENEWED" | cut -d ' ' -f 1 | uniq)
for component in $components; do
    [ "$component" = - ] || [ -e "$manifests/$component.yaml" ] || refuse "$manifests/$component.yaml is missing" "write it again"
done
containers etcd running >/dev/null || refuse "\`$tool ps\` failed" "see the error above"
if [ -n "$REVIVES" ] && [ -n "$UP_TO" ]; then
    # It waits minutes before it starts again what has ended for want of the others.
    systemctl restart kubelet || refuse "the kubelet does not start" "see \`journalctl -u kubelet\` there"
fi
systemctl -q is-active kubelet || refuse "the kubelet is not running" "start it"
mkdir -p -m 700 "$kept" || refuse "$kept cannot be made" "see the error above"
for each in $(echo "$RENEWED" | cut -d ' ' -f 3); do
    [ ! -e "$kept$each" ] || is_anothers "$each" || continue
    for file in $(files "$each"); do
        mkdir -p "$kept${file%/*}" && copied "$file" "$kept$file" || refuse "$file cannot be copied to $kept" "see the error above"
    done
done
timeout 60 sync || true # their names, too, are on the disk before anything is changed
for component in $components; do
    lines=$(of "$component")
    while read -r name path; do
        renew "$component" "$name" "$path" </dev/null
    done <<LINES
$lines
LINES
    [ "$component" != - ] && [ ! -e "$kept/$component.up" ] || continue
    # All that runs now came up before, or may have.
    [ -e "$kept/$component.containers" ] || running "$component" || fail "$component" "\`$tool ps\` failed"
    if [ "$component" = "$UP_TO" ]; then
        stop "$(former "$component")"
        exit 0
    fi
    restarted_from "$component" "$(former "$component")" || fail "$component" "$component does not serve with its new certificates"
    : >"$kept/$component.up"
done
rm -rf "$kept"
