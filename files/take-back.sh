# HOST, LOOK, MEMBER, NODE, ENDPOINTS, BACKUPS, OWNED: takes from a host what this package has put there, and gives back what it
# has changed. give-back.sh stands behind it.
#
# With LOOK nothing is changed: it prints "due WHAT" for what is to be taken or given back, and "left WHAT" for what is left
# as it is, and why. MEMBER: whether the host is more than an admin host; NODE: whether it is a node. ENDPOINTS: of the
# cluster, as HOST:PORT. BACKUPS: the folder that they are kept in, or nothing. OWNED: lines "SHA256 PATH" of files that do not
# say whose they are.
#
# It may be cut off anywhere and run again: what is kept of the host as it was, and that a reset began, go last. What tells of
# something that is to be done goes after that was done well.
folder=/var/lib/k8s-ha
before=$folder/before
problems=
due() {
    [ -n "$LOOK" ] || return 0
    echo "due $1"
    return 1
}
left() { [ -z "$LOOK" ] || echo "left $1"; }
failed() {
    problems="$problems
$1"
    return 1
}
tried() { "$@" || failed "$*"; }
kept() { sed -n "s/^$1 //p" "$before/state" 2>/dev/null; }
is_ours() { [ -f "$1" ] && head -n 2 "$1" | grep -q '^# Written by k8s_ha'; }
is_of_a_package() { rpm -qf "$1" >/dev/null 2>&1; }
is_enabled() { systemctl -q is-enabled "$1" 2>/dev/null; }
is_active() { systemctl -q is-active "$1" 2>/dev/null; }
loaded() { systemctl show -p LoadState "$1" 2>/dev/null; }
is_there() { [ "$(loaded "$1")" != LoadState=not-found ]; }
# Not by disable --now, which on older systems stops nothing that is disabled already. A package may be gone since.
halted() {
    is_there "$1" || is_active "$1" || return 0
    tried systemctl stop "$1" || return 1
    ! is_there "$1" || tried systemctl -q disable "$1"
}
# What is to be read again once a file is gone.
later() { mkdir -p -m 755 "$folder" && : >"$folder/$1.due"; }
emptied() { rmdir "$1" 2>/dev/null || true; }
# Backups stay by their names wherever they lie in there: earlier settings have put some beside the folder for them.
two='[0-9][0-9]'
stamp="$two$two$two${two}T$two$two${two}Z"
backups=
[ -z "$BACKUPS" ] || backups=$(readlink -m "$BACKUPS")
records() { # ACTION...: of find, for all files in $folder but these
    [ ! -d "$folder" ] || find -H "$folder" -mindepth 1 \( -path "$folder/backups" -o -path "$BACKUPS" -o -path "$backups" \) \
        -prune -o ! -type d ! -name "*-$stamp.*" "$@"
}
known=$(records -print -quit) || known=unknown

backup_units="/etc/systemd/system/k8s-ha-backup.timer /etc/systemd/system/k8s-ha-backup.service"
for unit in $backup_units; do
    if [ -e "$unit" ] && due "$unit" && halted "${unit##*/}" && later daemon-reload; then
        rm -f "$unit" "/var/lib/systemd/timers/stamp-${unit##*/}"
    fi
done

# A file of this package's; what stood in its place before comes back.
replaced() {
    if [ -e "$before/${1##*/}" ]; then
        cp -a "$before/${1##*/}" "$1.k8s-ha-new" && mv -f "$1.k8s-ha-new" "$1"
    else
        rm -f "$1"
    fi
}
if is_ours /etc/keepalived/keepalived.conf; then
    is_there keepalived.service || left "keepalived.service: it is not there any more"
    # Whether it ran before or not: it has nothing of its owner's to keep.
    due /etc/keepalived/keepalived.conf && halted keepalived.service && tried replaced /etc/keepalived/keepalived.conf
fi
if [ -e /usr/libexec/keepalived/k8s-ha-endpoint ] && { [ -n "$LOOK" ] || ! is_ours /etc/keepalived/keepalived.conf; } &&
    due /usr/libexec/keepalived/k8s-ha-endpoint; then
    rm -f /usr/libexec/keepalived/k8s-ha-endpoint
fi
for unit in /etc/systemd/system/cri-docker.service /etc/systemd/system/cri-docker.socket; do
    if is_ours "$unit" && due "$unit" && halted "${unit##*/}" && later daemon-reload; then rm -f "$unit"; fi
done
if [ -e "$folder/cri-dockerd.sha256" ] && [ -e /usr/bin/cri-dockerd ] && ! is_of_a_package /usr/bin/cri-dockerd &&
    due /usr/bin/cri-dockerd; then
    rm -f /usr/bin/cri-dockerd
fi
if [ -n "$NODE" ] && [ -n "$known" ] && { is_enabled kubelet.service || is_active kubelet.service; } && due kubelet.service; then
    halted kubelet.service
fi

if is_ours /etc/containerd/config.toml && due /etc/containerd/config.toml; then
    tried replaced /etc/containerd/config.toml
fi
is_ours /etc/yum.repos.d/k8s-ha.repo && due /etc/yum.repos.d/k8s-ha.repo && rm -f /etc/yum.repos.d/k8s-ha.repo
for key in /etc/pki/rpm-gpg/RPM-GPG-KEY-k8s-ha-*; do
    [ -e "$key" ] && due "$key" && rm -f "$key"
done
while read -r sum path; do
    [ -f "$path" ] || continue
    held=$(sha256sum <"$path")
    if [ "${held%% *}" = "$sum" ]; then
        due "$path" || continue
        case $path in /etc/NetworkManager/*) later NetworkManager || continue ;; esac
        rm -f "$path"
        case $path in /etc/containerd/certs.d/*) emptied "${path%/*}" ;; esac
    elif [ -n "$known" ] && ! echo "$OWNED" | grep -qxF "${held%% *} $path"; then
        left "$path: it is not as the settings have it, so it may be yours"
    fi
done <<END
$OWNED
END
emptied_later="/etc/containerd/certs.d /etc/nginx/conf.d/tcp.d /etc/nginx/k8s-ha /etc/systemd/system/nginx.service.d"
[ -n "$LOOK" ] || for path in $emptied_later; do emptied "$path"; done

# Our lines have left the owner's files before; where nginx does not do without these files, they stay.
proxies="/etc/nginx/conf.d/tcp.d/kube-api-server.conf /etc/nginx/k8s-ha/kube-api-server.conf"
limits=/etc/systemd/system/nginx.service.d/k8s-ha.conf
for file in $proxies; do
    is_ours "$file" && due "$file" || continue
    mv -f "$file" "$folder/proxy.gone" || continue
    if command -v nginx >/dev/null && ! nginx -t -q; then
        mv -f "$folder/proxy.gone" "$file"
        failed "nginx needs $file"
    fi
    rm -f "$folder/proxy.gone"
    emptied "${file%/*}"
done
if is_ours "$limits" && due "$limits" && later daemon-reload; then
    rm -f "$limits"
    emptied "${limits%/*}"
fi
if [ -e "$folder/daemon-reload.due" ] && due "systemd's units"; then
    tried systemctl daemon-reload && rm -f "$folder/daemon-reload.due"
fi
if [ -e "$folder/NetworkManager.due" ] && due NetworkManager.service; then
    { ! is_active NetworkManager.service || tried systemctl reload NetworkManager.service; } &&
        rm -f "$folder/NetworkManager.due"
fi

# What a service serves that is its owner's: it is not stopped then.
others_of() {
    case $1 in
        docker) docker -H unix:///var/run/docker.sock ps -q 2>/dev/null ;;
        containerd) for space in $(ctr namespaces ls -q 2>/dev/null); do ctr -n "$space" tasks ls -q 2>/dev/null; done ;;
        nginx)
            rpm -Vf /etc/nginx/nginx.conf 2>/dev/null | grep '^..5.* /etc/nginx/'
            for file in /etc/nginx/conf.d/* /etc/nginx/default.d/*; do
                [ ! -f "$file" ] || is_of_a_package "$file" || echo "$file"
            done
            ;;
    esac
}
# With its owner's configuration it runs, or does not, as it did before.
as_before() { # NAME, ACTIVE, ENABLED
    [ "$3" = enabled ] || ! is_there "$1.service" || tried systemctl -q disable "$1.service" || return 1
    if [ "$2" != active ]; then
        [ "$1" != docker ] || ! is_active docker.socket || tried systemctl stop docker.socket || return 1
        tried systemctl stop "$1.service"
    elif ! is_active "$1.service"; then
        :
    elif [ "$1" = nginx ]; then
        tried systemctl reload nginx.service
    elif [ -z "$(others_of "$1")" ]; then
        tried systemctl restart "$1.service"
    fi
}
for name in nginx docker containerd; do
    [ -e "$folder/$name.service.digest" ] || continue
    state=$(kept "$name")
    active=${state%% *} enabled=${state#* }
    if ! is_there $name.service && ! is_active $name.service; then
        left "$name.service: it is not there any more"
        due "$name.service" && rm -f "$folder/$name.service.digest"
        continue
    fi
    if [ -z "$state" ]; then
        left "$name.service: nothing tells whether it ran before"
        active=active enabled=enabled
    elif [ "$active" != active ] && [ -n "$(others_of $name)" ]; then
        left "$name.service: it did not run before, and serves others now"
        active=active enabled=enabled
    fi
    due "$name.service" && as_before $name "$active" "$enabled" && rm -f "$folder/$name.service.digest"
done

# root's kubeconfig, where it knows this cluster alone.
own=/root/.kube/config
if [ -f $own ]; then
    servers=$(sed -n 's/^ *server: *//p' $own | sort -u)
    for endpoint in $ENDPOINTS; do
        if [ "$servers" = "https://$endpoint" ] && due $own; then rm -f $own; fi
    done
    [ -n "$LOOK" ] || emptied /root/.kube
fi

# Behind kubeadm reset, on a host that was proven to be this cluster's.
if [ -e "$folder/reset" ]; then
    for point in $(sed -n 's|^[^ ]* \(/var/lib/kubelet/[^ ]*\) .*|\1|p' /proc/mounts | sort -r); do
        due "the mount $point" && tried umount "$point"
    done
    if [ -z "$LOOK" ]; then
        [ ! -d /var/lib/kubelet ] || tried find /var/lib/kubelet -xdev -mindepth 1 -delete
        rm -rf /var/log/pods /var/log/containers /etc/kubernetes/tmp /var/run/kubernetes
        [ ! -e /opt/cni/bin/flannel ] || is_of_a_package /opt/cni/bin/flannel || rm -f /opt/cni/bin/flannel
        # Folders that kubelet, kubeadm and the controller manager make, where nothing else is in them.
        plugins=/usr/libexec/kubernetes/kubelet-plugins
        for path in /etc/kubernetes/pki/etcd /etc/kubernetes/pki /var/lib/etcd /etc/cni/net.d /etc/cni \
            $plugins/volume/exec $plugins/volume $plugins /usr/libexec/kubernetes; do
            is_of_a_package $path || emptied $path
        done
    fi
fi
