# HOST, ADDRESS, RUNTIME, LIMIT, COMPONENTS: what scripts about kubeadm's static pods on this host share. Stands behind facts/etcd.sh
# and copied.sh.
#
# RUNTIME: containerd or docker. LIMIT: seconds for a component to come up, or to end.
manifests=/etc/kubernetes/manifests
tool=crictl
[ "$RUNTIME" != docker ] || tool=docker
refuse() {
    echo "$HOST: $1; $2, then run this again." >&2
    exit 1
}
# COMPONENT, and "running" or "all": its containers, the newest first. A runtime that does not answer has not said "none".
containers() {
    name=io.kubernetes.container.name=$1 namespace=io.kubernetes.pod.namespace=kube-system
    if [ $tool = docker ]; then
        [ "$2" = all ] && all=-a || all=
        # shellcheck disable=SC2086 # nothing, or one word
        docker ps -q $all --filter "label=$name" --filter "label=$namespace"
    elif [ "$2" = all ]; then
        crictl ps -q -a --label "$name" --label "$namespace"
    else
        crictl ps -q --state running --label "$name" --label "$namespace"
    fi
}
# COMPONENT: those that run, in one line; the end of a pipe would hide that the runtime does not answer.
running_ids() {
    ids=$(containers "$1" running) || return 1
    # shellcheck disable=SC2086 # each of them is a word
    echo $ids
}
flag() { sed -n "s/^ *- --$2=//p" "$manifests/$1.yaml" | tail -n 1; }
healthz() { # COMPONENT, PORT
    bound=$(flag "$1" bind-address) port=$(flag "$1" secure-port)
    case $bound in '' | 0.0.0.0 | ::) bound=127.0.0.1 ;; esac
    curl -fsSk --noproxy '*' --max-time 3 "https://$bound:${port:-$2}/healthz" >/dev/null 2>&1
}
serves() { # COMPONENT
    running=$(containers "$1" running) && [ -n "$running" ] || return 1
    case $1 in
        etcd) well 127.0.0.1:2379 ;;
        kube-apiserver)
            kubectl --kubeconfig /etc/kubernetes/admin.conf --server "https://$ADDRESS:6443" --request-timeout=5s \
                get --raw /readyz >/dev/null 2>&1
            ;;
        kube-controller-manager) healthz "$1" 10257 ;;
        kube-scheduler) healthz "$1" 10259 ;;
    esac
}
# One that restarts may answer once.
serves_twice() { serves "$1" && held=$running && sleep 2 && serves "$1" && [ "$held" = "$running" ]; }
# COMPONENT, IDS: whether none of those containers runs any more, and what runs serves.
runs_anew() {
    now=$(containers "$1" running) && [ -n "$now" ] || return 1
    for id in $now; do
        case " $2 " in *" $id "*) return 1 ;; esac
    done
    serves_twice "$1"
}
wait_until() {
    deadline=$(($(date +%s) + LIMIT))
    until "$@"; do
        [ "$(date +%s)" -lt $deadline ] || return 1
        sleep 1
    done
}
stop() { # IDS: containers, of which the kubelet starts new ones at once
    for id in $1; do
        $tool stop -t 30 "$id" >/dev/null || true # whether it has ended is seen by what runs then
    done
}
restarted_from() { stop "$2" && wait_until runs_anew "$1" "$2"; } # COMPONENT, IDS: containers that are not to run any more
# COMPONENT: those of its containers that ran before are in $before.
restarted() { before=$(running_ids "$1") && restarted_from "$1" "$before"; }
# What may be a secret is hidden, rather too much of it.
hidden() {
    sed -E -e 's#(://)[^/@[:space:]]+@#\1***@#g' \
        -e 's/([A-Za-z0-9_.-]*(token|passw|secret|credential|key)[A-Za-z0-9_.-]*"?[=:] *)[^ ,;]+/\1***/Ig' | cut -c 1-400
}
# COMPONENT, IDS: the last words of its newest container that is none of those; else what the kubelet says of it.
last_words() {
    for id in $(containers "$1" all); do
        case " $2 " in *" $id "*) continue ;; esac
        $tool logs --tail 6 "$id" 2>&1 | hidden
        return
    done
    journalctl -q -u kubelet -n 200 --no-pager -o cat 2>/dev/null | grep -F "$1" | hidden | tail -n 4
}
# Where a change of static pods keeps what stood before, until all that it changes serves.
kept_pods=/var/lib/k8s-ha/static-pods
restore() {
    for kept_manifest in "$kept_pods"/*.yaml; do
        [ -e "$kept_manifest" ] || continue
        name=${kept_manifest##*/}
        # Beside the folder first: the kubelet runs every file that it finds there.
        cmp -s "$kept_manifest" "$manifests/$name" || copied "$kept_manifest" "$manifests/$name" "/etc/kubernetes/$name" || return 1
    done
}
# The API server's pair of before, kept by a change of its certificate.
kept_pair=/var/lib/k8s-ha/apiserver-certificate
pair_from() { # FOLDER; where it has none, that which is there stays
    [ -e "$1/apiserver.key" ] || return 0
    copied "$1/apiserver.key" /etc/kubernetes/pki/apiserver.key && copied "$1/apiserver.crt" /etc/kubernetes/pki/apiserver.crt || return 1
    # Both names are on the disk soon: one alone would be a server that does not start.
    timeout 60 sync || true
}
all_serve() {
    for each in $COMPONENTS; do
        serves_twice "$each" || return 1
    done
}
