# SSH_CLIENT, SUDO_USER: of this login. Defines `surroundings`, which prints `key value` lines: what stands on a host.
#
# Whatever it asks is there or is not, and nothing is loaded or written by it.
surroundings() {
    packet_filters
    resolver_files
    sshd_limits
    cloud_init
    kubelet_units
    for link in /sys/class/net/*; do echo "link ${link##*/}"; done
}

# Tables of kube-proxy and of iptables' own NAT keep nobody out, and may be long.
packet_filters() {
    if [ ! -e /proc/modules ] || grep -q '^nf_tables ' /proc/modules ||
        grep -qs '/nf_tables\.ko' "/lib/modules/$(uname -r)/modules.builtin"; then
        nft list tables 2>/dev/null | while read -r _ family table; do
            case "$family $table" in
                "ip nat" | "ip filter" | "ip mangle" | "ip raw" | "ip security" | *" kube-proxy" | *" libvirt_network") ;;
                "ip "* | "inet "*) nft list table "$family" "$table" ;;
            esac
        done 2>/dev/null | sed -n 's/^/nft /; 1,5000p; 5001s/.*/rules_cut nft/p'
    fi
    iptables-save 2>/dev/null | sed -n '/^\*filter/,/^COMMIT/p' | grep -v '^-A \(KUBE\|CNI\|FLANNEL\)-' |
        sed -n 's/^/iptables /; 1,5000p; 5001s/.*/rules_cut iptables/p'
    sed 's/^/iptables_saved /' /etc/sysconfig/iptables 2>/dev/null
    grep -qs '^[[:space:]]*[^#[:space:]]' /etc/sysconfig/nftables.conf && echo "nft_saved yes"
    grep -qs '^AllowZoneDrifting=yes' /etc/firewalld/firewalld.conf && echo "zone_drifting yes"
    for file in /etc/firewalld/zones/*.xml; do
        [ -r "$file" ] || continue
        name=${file##*/}
        grep -o '<\(zone\|source\)[[:space:]][^>]*>' "$file" | sed "s/^/zone_file ${name%.xml} /"
    done
}

resolver_files() {
    echo "resolvers read"
    for file in /etc/resolv.conf /run/systemd/resolve/resolv.conf; do
        if [ -r "$file" ]; then
            echo "resolver $file is there"
            sed -n "s#^[[:space:]]*nameserver[[:space:]]#resolver $file nameserver #p" "$file"
        elif [ -L "$file" ]; then
            echo "resolver $file dangles $(readlink "$file")"
        fi
    done
}

# What sshd allows the one who is logged in now, with the Match blocks that speak of them.
sshd_limits() {
    sshd=$(command -v sshd) || sshd=/usr/sbin/sshd
    set -- ${SSH_CLIENT:-127.0.0.1}
    "$sshd" -T -C "user=${SUDO_USER:-root},host=$1,addr=$1" 2>/dev/null |
        sed -n 's/^maxsessions /sshd maxsessions /Ip'
}

# Its data sources come after its own files, and the user's after the vendor's: the last word counts.
cloud_init() {
    command -v cloud-init >/dev/null 2>&1 || return 0
    [ ! -e /etc/cloud/cloud-init.disabled ] || return 0
    ! grep -q 'cloud-init=disabled' /proc/cmdline || return 0
    ! grep -qs 'update[_-]etc[_-]hosts' /etc/cloud/cloud.cfg || echo "cloud_module hosts"
    for file in /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg /var/lib/cloud/instance/vendor-cloud-config.txt \
        /var/lib/cloud/instance/cloud-config.txt; do
        [ -r "$file" ] || continue
        sed -n "s#^\(manage_etc_hosts\|preserve_hostname\|hostname\|fqdn\)[[:space:]]*:#cloud $file \1#p" "$file"
    done
}

# kubelet FILE LINE; the folders in systemd's order, then the files that they set the environment from.
kubelet_units() {
    set --
    for folder in /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system; do
        for file in "$folder/kubelet.service" "$folder/kubelet.service.d/"*.conf; do
            [ -f "$file" ] && [ -r "$file" ] && set -- "$@" "$file"
        done
    done
    for file; do
        continued "$file" | sed -n "s#^\(ExecStart\|Environment\|EnvironmentFile\)=#kubelet $file \1=#p"
    done
    for file in /etc/sysconfig/kubelet $([ $# -eq 0 ] || sed -n 's/^EnvironmentFile=-\{0,1\}//p' "$@"); do
        [ "$file" = /var/lib/kubelet/kubeadm-flags.env ] || [ ! -r "$file" ] ||
            continued "$file" | sed -n "/^[[:space:]]*[#;]/d; /=/s#^#kubelet_environment $file #p"
    done | sort -u
}

# A file with its continued lines joined.
continued() { sed -e ':a' -e '/\\$/{N;s/[[:space:]]*\\\n[[:space:]]*/ /;ba' -e '}' "$1"; }
