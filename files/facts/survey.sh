# CONFLICTING, WANTED: packages to look for; UNFINISHED: see unfinished-packages.sh; SUDO_USER is sudo's; needs packages.sh.
# Prints `key value` lines about a host before anything is changed.
# Needs sh and coreutils; what else it asks (ip, systemctl, rpm) may be missing.
echo "uid $(id -u)"
# Every command goes through the shell of whoever logs in.
login=$(timeout 5 getent passwd "${SUDO_USER:-$(id -un)}") && echo "login_shell ${login##*:}"
if [ -r /etc/os-release ]; then
    (
        . /etc/os-release
        echo "os_id ${ID:-}"
        echo "os_like ${ID_LIKE:-}"
        echo "os_version ${VERSION_ID:-}"
    )
fi
echo "architecture $(uname -m)"
echo "kernel $(uname -r)"
echo "cgroup $(stat -f -c %T /sys/fs/cgroup)"
echo "hostname $(uname -n)"
if command -v ip >/dev/null 2>&1; then
    ip -4 -o addr show | while read -r _ _ _ address _; do echo "address ${address%/*}"; done
fi
systemctl -q is-active NetworkManager.service 2>/dev/null && echo "network_manager yes"
if [ -e /etc/kubernetes/kubelet.conf ]; then echo "node yes"; fi
if [ -e /var/lib/k8s-ha/restore/mark ]; then echo "restoring $(head -c 500 /var/lib/k8s-ha/restore/mark | tr '\n' ' ')"; fi
sed -n 's/^ *image: */api_server_image /p' /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null
packages conflicting $CONFLICTING
# What an unfinished installation holds is installed again, so its repository is needed.
[ -s "$UNFINISHED" ] || packages installed $WANTED
if command -v nginx >/dev/null 2>&1; then
    case "$(nginx -V 2>&1) " in *' --with-stream '*) echo "nginx_streams yes" ;; esac
fi
for file in /etc/yum.repos.d/*.repo; do
    [ -r "$file" ] || continue
    section=
    # "enabled" is on unless it says otherwise.
    { cat "$file"; echo '[end]'; } | while read -r line; do
        case $line in
            \[*\])
                case $section in *extras*) [ "$enabled" = 0 ] || echo "extras yes" ;; esac
                section=$line enabled=1
                ;;
            enabled*=*) enabled=${line##*=} enabled=${enabled# } ;;
        esac
    done
done
exit 0
