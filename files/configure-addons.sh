# HOST, KUBECTL, CONFIG, ADDONS, SECONDS_ALLOWED: has kubeadm apply its add-ons again, and waits until they run.
#
# CONFIG: kubeadm's file, removed afterwards. ADDONS: coredns, kube-proxy, or both.
# shellcheck disable=SC2086 # each of KUBECTL is a word
trap 'rm -f "$CONFIG"' EXIT
ask() { $KUBECTL -n kube-system "$@" </dev/null; }
for addon in $ADDONS; do
    kubeadm init phase addon "$addon" --config "$CONFIG" || {
        echo "$HOST: kubeadm did not apply $addon; see the lines above, then run this again." >&2
        exit 1
    }
done
deadline=$(($(date +%s) + SECONDS_ALLOWED))
for addon in $ADDONS; do
    kind=deployment
    [ "$addon" = coredns ] || kind=daemonset
    until ask rollout status "$kind/$addon" --timeout=20s; do
        if [ "$(date +%s)" -ge $deadline ]; then
            ask get pods -l "k8s-app in (kube-dns,kube-proxy)" -o wide
            echo "$HOST: $addon is not on every node after $SECONDS_ALLOWED seconds; see the lines above, then run this again." >&2
            exit 1
        fi
        sleep 1
    done
done
