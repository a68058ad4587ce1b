# Defines remove_pod_network: interfaces, routes and packet filter rules of kube-proxy's, flannel's and the CNI plugins' go.
#
# All go by the names that these programs give theirs; all others stay. It sets failed to the programs that failed.
remove_pod_network() {
    failed=
    for interface in cni0 flannel.1; do
        ip link delete "$interface" 2>/dev/null
    done
    # By host-gw flannel's routes are on the host's own interface, and would lead the next cluster's pods to other nodes.
    leased=/run/flannel/subnet.env
    if [ -e $leased ]; then
        network=$(sed -n 's/^FLANNEL_NETWORK=//p' $leased)
        length=$(sed -n 's|^FLANNEL_SUBNET=.*/||p' $leased)
        # What has a protocol has not been made by flannel.
        ip -4 route show root "$network" | grep -v ' proto ' |
            sed -n "s|^\([0-9.]*/$length via [0-9.]* dev [^ ]*\).*|\1|p" | while read -r route; do
            # shellcheck disable=SC2086 # its words
            ip -4 route delete $route || exit 1
        done || failed="$failed ip"
    fi
    for family in iptables ip6tables; do
        command -v $family-save >/dev/null || continue
        # A rule is a line that begins with -A, a chain one with a colon; all others, and their counters, stay.
        rules=$($family-save -c) || {
            failed="$failed $family-save"
            continue
        }
        # Where no line is left there is nothing to give back, and grep says 1.
        printf '%s\n' "$rules" | grep -v -E '^(:|(\[[0-9:]*\] )?-A )?(KUBE-|CNI-|FLANNEL-)|-j (KUBE-|CNI-|FLANNEL-)' | $family-restore -c ||
            failed="$failed $family-restore"
    done
    if command -v nft >/dev/null; then
        for family in ip ip6; do nft delete table $family kube-proxy 2>/dev/null; done
    fi
    # With ipvs kube-proxy has this interface, and removes all virtual servers that are not its own.
    if ip link show kube-ipvs0 >/dev/null 2>&1; then
        if command -v ipvsadm >/dev/null; then ipvsadm --clear || failed="$failed ipvsadm"; fi
        ip link delete kube-ipvs0
    fi
    if command -v ipset >/dev/null; then
        for set in $(ipset list -n 2>/dev/null | grep '^KUBE-'); do ipset destroy "$set" || failed="$failed ipset"; done
    fi
    return 0
}
