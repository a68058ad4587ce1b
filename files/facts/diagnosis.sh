# Behind diagnosis-parts.sh and first-certificate.sh: the parts that each host tells of itself, for a report of an error.
#
# Whatever it asks is there or is not. Nothing is loaded, started or written by it. Processes are told by their names alone, since
# arguments hold passwords.
units="kubelet containerd docker cri-docker nginx keepalived firewalld chronyd NetworkManager"

part_system() {
    for command in id date uptime nproc "uname -a" "free -m" "stat -f -c %T /sys/fs/cgroup"; do show $command; done
    show ps -eo pid,ppid,stat,pcpu,pmem,rss,etime,comm --sort=-rss
    text /etc/os-release /proc/cmdline /proc/loadavg /proc/swaps /etc/selinux/config /proc/pressure/memory /proc/pressure/io
    if [ -e /sys/fs/selinux/enforce ]; then show getenforce; else echo "SELinux is off"; fi
}

part_clocks() {
    show date -u
    show chronyc -n tracking
    show chronyc -n sources
}

# Only local file systems: a dead one over the network would not answer.
part_disks() {
    show df -PTkl
    show df -Pil
    show lsblk
    text /proc/mounts /etc/fstab
}

part_kernel() {
    for file in net/ipv4/ip_forward net/ipv6/conf/all/disable_ipv6 net/ipv6/conf/all/forwarding net/ipv4/conf/all/rp_filter \
        net/ipv4/ip_local_port_range net/ipv4/ip_nonlocal_bind net/bridge/bridge-nf-call-iptables \
        net/bridge/bridge-nf-call-ip6tables net/netfilter/nf_conntrack_count net/netfilter/nf_conntrack_max \
        net/core/somaxconn fs/file-nr fs/inotify/max_user_instances fs/inotify/max_user_watches kernel/panic \
        kernel/pid_max kernel/threads-max vm/max_map_count vm/overcommit_memory vm/swappiness; do
        echo "$(echo "$file" | tr / .) = $(cat "/proc/sys/$file" 2>&1)"
    done
    text /etc/sysctl.conf /etc/sysctl.d/*.conf /etc/modules-load.d/*.conf /proc/modules /proc/cgroups
}

part_network() {
    show ip addr
    show ip -s link
    show ip rule
    show ip route show table all
    show ss -ltnp
    show ss -s
    text /etc/resolv.conf /run/systemd/resolve/resolv.conf /etc/hosts /etc/nsswitch.conf /etc/environment
    systemctl show-environment 2>/dev/null | grep -i proxy
}

# nft and iptables are not asked where the kernel would have to load them first.
part_filters() {
    if grep -q '^nf_tables ' /proc/modules; then
        show nft list tables
        nft list tables 2>/dev/null | while read -r _ family table; do
            case $table in kube-proxy) ;; *) show nft list table "$family" "$table" ;; esac
        done
    fi
    if grep -q -e '^ip_tables ' -e '^nf_tables ' /proc/modules && command -v iptables-save >/dev/null 2>&1; then
        rules=$(timeout 15 iptables-save 2>&1) || note "iptables-save: exit code $?"
        echo "\$ iptables-save, without the rules of kube-proxy, the network plugin and flannel, of which there are:"
        printf '%s\n' "$rules" | grep -c '^-A \(KUBE\|CNI\|FLANNEL\)-'
        printf '%s\n' "$rules" | grep -v -e '^-A \(KUBE\|CNI\|FLANNEL\)-' -e '^:\(KUBE\|CNI\|FLANNEL\)-'
    fi
    if systemctl -q is-active firewalld.service; then
        show firewall-cmd --get-active-zones
        show firewall-cmd --list-all-zones
    fi
    if grep -q '^ip_vs ' /proc/modules; then show ipvsadm -Ln; fi
    return 0
}

part_packages() {
    show rpm -qa --qf '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH} %{INSTALLTIME}\n' |
        grep -E '^[$(]|^(kube|cri|container|docker|moby|runc|crun|podman|buildah|nginx|keepalived|firewalld|iptables|nftables|chrony|selinux-policy|kernel|systemd|glibc|socat|conntrack|ebtables|ethtool|iproute|NetworkManager|flannel|cni|epel-release|yum|dnf|rpm|curl|openssl)' |
        sort
    for file in /etc/yum.conf /etc/dnf/dnf.conf /etc/yum.repos.d/*.repo; do
        [ -f "$file" ] || continue
        echo "==> $file <=="
        grep -E '^[[:space:]]*(\[|(name|baseurl|mirrorlist|metalink|enabled|gpgcheck|repo_gpgcheck|module_hotfixes|proxy|exclude|excludepkgs|sslverify|priority)[[:space:]]*=)' "$file"
    done
    return 0
}

part_units() {
    for unit in $units; do
        show systemctl show "$unit.service" -p Id -p LoadState -p ActiveState -p SubState -p Result -p UnitFileState -p NRestarts -p ExecMainStatus -p ActiveEnterTimestamp -p InactiveEnterTimestamp
    done
    show systemctl --failed --no-pager
    show systemctl list-jobs --no-pager
    for unit in $units; do
        for folder in /etc/systemd/system /run/systemd/system /usr/lib/systemd/system; do
            text "$folder/$unit.service" "$folder/$unit.service.d/"*.conf
        done
    done
}

# Names, modes and sizes; of a kubeconfig only where it leads to.
part_files() {
    for folder in /etc/kubernetes /var/lib/kubelet/pki /var/lib/etcd /etc/cni/net.d /opt/cni/bin /etc/containerd /var/lib/k8s-ha /var/log/k8s-ha; do
        if [ -e "$folder" ]; then show ls -lanR --time-style=long-iso "$folder"; else echo "there is no $folder"; fi
    done
    grep -H '^ *server: ' /etc/kubernetes/*.conf /root/.kube/config 2>/dev/null
    return 0
}

# For the operator to read.
part_certificates() {
    for file in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt /var/lib/kubelet/pki/*.crt \
        /var/lib/kubelet/pki/kubelet-client-current.pem /var/lib/kubelet/pki/kubelet-server-current.pem; do
        [ -f "$file" ] || continue
        echo "$file $(first_certificate "$file")"
    done
    for file in /etc/kubernetes/*.conf; do
        [ -f "$file" ] && echo "$file $(sed -n 's/^ *client-certificate-data: *//p' "$file" | head -n 1)"
    done
    return 0
}

part_manifests() { text /etc/kubernetes/manifests/*; }

part_kubelet() {
    text /var/lib/kubelet/config.yaml /var/lib/kubelet/instance-config.yaml /var/lib/kubelet/kubeadm-flags.env /etc/sysconfig/kubelet
    if systemctl -q is-active kubelet.service; then
        show curl -sS --noproxy '*' --max-time 5 http://127.0.0.1:10248/healthz
        show curl -sS --noproxy '*' --max-time 5 http://127.0.0.1:10256/healthz
    fi
    if command -v kubelet >/dev/null 2>&1; then show kubelet --version; fi
    if command -v kubeadm >/dev/null 2>&1; then show kubeadm version -o short; fi
    return 0
}

part_runtime() {
    text /etc/crictl.yaml /etc/containerd/config.toml /etc/containerd/certs.d/*/hosts.toml /etc/docker/daemon.json /etc/cni/net.d/*
    if command -v containerd >/dev/null 2>&1; then show containerd --version; fi
    if systemctl -q is-active docker.service; then show docker version && show docker info; fi
    if command -v crictl >/dev/null 2>&1; then show crictl version && show crictl info; fi
    return 0
}

part_containers() {
    if command -v crictl >/dev/null 2>&1; then
        show crictl pods
        show crictl ps -a
        show crictl images --digests
    fi
    if systemctl -q is-active docker.service; then
        show docker ps -a --format '{{.ID}} {{.Image}} {{.Status}} {{.Names}}'
    fi
    return 0
}

part_etcd() {
    e=/etc/kubernetes/pki/etcd
    if [ ! -e /etc/kubernetes/manifests/etcd.yaml ]; then
        echo "this host has no manifest of etcd"
        return
    fi
    ask() { show curl -sS --noproxy '*' --max-time 8 --cacert $e/ca.crt --cert $e/healthcheck-client.crt --key $e/healthcheck-client.key "$@"; }
    ask https://127.0.0.1:2379/health
    ask https://127.0.0.1:2379/v3/maintenance/status -d '{}'
    ask https://127.0.0.1:2379/v3/cluster/member/list -d '{"linearizable": false}'
    ask https://127.0.0.1:2379/v3/maintenance/alarm -d '{"action": "GET"}'
}

# The question itself makes logs and temporary folders where nginx never ran, and a pid file where it does not run.
part_nginx() {
    if ! command -v nginx >/dev/null 2>&1; then
        echo "this host has no nginx"
    elif systemctl -q is-active nginx.service; then
        show nginx -V
        show nginx -T
    else
        text /etc/nginx/nginx.conf /etc/nginx/conf.d/*.conf /etc/nginx/conf.d/tcp.d/*.conf /etc/nginx/k8s-ha/*.conf
    fi
}

part_keepalived() { text /etc/keepalived/keepalived.conf /etc/keepalived/*.d/*.conf; }

part_denials() { if [ -f /var/log/audit/audit.log ]; then grep -a 'type=AVC' /var/log/audit/audit.log | tail -n 200; fi; }

# part_journal UNIT; kernel and errors are none.
part_journal() {
    case $1 in
        kernel) show journalctl --no-pager -o short-iso -n 1000 -k ;;
        errors) show journalctl --no-pager -o short-iso -n 500 -p err -b ;;
        boots) show journalctl --no-pager --list-boots ;;
        *) show journalctl --no-pager -o short-iso -n 3000 -u "$1.service" ;;
    esac
}

existing() {
    for path; do
        if [ -f "$path" ]; then echo "$path"; fi
    done
}

paths_commands() { existing /var/log/k8s-ha/*.log; }

paths_balancer() { existing /var/log/nginx/error.log /var/log/nginx/*kube*.log /var/log/nginx/*k8s*.log; }

# The newest two of each container, which need no runtime to be read.
paths_pods() {
    for folder in /var/log/pods/kube-system_*/* /var/log/pods/kube-flannel_*/*; do
        if [ -d "$folder" ]; then ls -t "$folder"/*.log 2>/dev/null | head -n 2; fi
    done
}

answered
