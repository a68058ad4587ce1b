# Prints `key value` lines about a host before anything is changed. Needs sh and coreutils, and ip and systemctl if there.
echo "uid $(id -u)"
if [ -r /etc/os-release ]; then
    (
        . /etc/os-release
        echo "os_id ${ID:-}"
        echo "os_like ${ID_LIKE:-}"
        echo "os_version ${VERSION_ID:-}"
    )
fi
echo "architecture $(uname -m)"
echo "hostname $(uname -n)"
if command -v ip >/dev/null 2>&1; then
    ip -4 -o addr show | while read -r _ _ _ address _; do echo "address ${address%/*}"; done
fi
systemctl -q is-active NetworkManager.service 2>/dev/null && echo "network_manager yes"
if [ -e /etc/kubernetes/kubelet.conf ]; then echo "node yes"; fi
