# Those of virtual-address.sh, and ENDPOINT, ENDPOINT_NAME, ASKED_ENDPOINT, ETCD_FOLDER, FOLDERS, LEAVES_DOCKER, LOGINS, MODULES, NAMES, RUNTIME, SOURCES, REPOSITORIES, NODE, NGINX, RUNTIME_LOOK:
#
# ENDPOINT: an address, or a name that is resolved. ASKED_ENDPOINT: HOST:PORT of one that somebody else runs, or nothing.
# FOLDERS, MODULES, NAMES: words separated by spaces. RUNTIME: the container runtime's unit. SOURCES: lines "KIND URL" of what
# the host will need; REPOSITORIES: whether its own ones are asked too. NODE, NGINX, RUNTIME_LOOK: the scripts node.sh, nginx.sh
# and runtime.sh with their own variables. LOGINS: "yes" where who logs in at sources stands on stdin, since it is secret.
# LEAVES_DOCKER: "yes" asks Docker for its containers. Needs docker-others.sh, yum-options.sh, runtime-environment.sh,
# surroundings.sh, modules.sh and boot.sh.
# Prints `key value` lines about a host before the first change; what a minimal host lacks is passed over.
echo "began $(date +%s.%N)"

# --- mirrors and the host's own repositories, all at once, each within 10 seconds
manager=$(systemctl show-environment 2>/dev/null)
logins=
[ -z "$LOGINS" ] || logins=$(cat)
if command -v curl >/dev/null 2>&1; then
    {
        printf '%s\n' "$SOURCES" "$logins" | yum_questions "$REPOSITORIES"
        case $SOURCES in *registry*) printf '%s\n' "$SOURCES" "$logins" | registry_questions "$manager" ;; esac
    } | {
        while IFS= read -r question; do ask "$question" 10 & done
        wait
    } &
else
    echo "no_curl yes"
fi

# Before there is a cluster: TCP may be refused or closed, and nothing may answer as an API server.
endpoint_answer() {
    # What answers is a stranger: not all of it is taken.
    told=$({
        curl -ksS --noproxy '*' --connect-timeout 5 --max-time 8 "https://$1/version" 2>&1
        echo " code=$?"
    } | head -c 4096 | tr -s '\n\r' ' ')
    case $told in
        *' code=0 ')
            case $told in
                *gitVersion* | *'"kind": "Status"'* | *'"kind":"Status"'*) echo api ;;
                *) echo other ;;
            esac
            ;;
        *' code=7 ' | *' code=28 ')
            # A newer curl does not tell why, and counts TLS to the connection.
            words=$(LC_ALL=C timeout 5 bash -c ': </dev/tcp/"$0"/"$1"' "${1%:*}" "${1##*:}" 2>&1) && words=connected
            case $words in
                connected) echo held ;;
                *refused*) echo refused ;;
                *) echo "silent ${told% code=*}" | tail -c 200 ;;
            esac
            ;;
        *' code=5 ' | *' code=6 ') echo unresolved ;;
        # Something else than TLS: an answer to plain HTTP tells a balancer of requests.
        *' code=35 ') curl -sS --noproxy '*' --max-time 5 -o /dev/null "http://$1/" 2>/dev/null && echo other || echo closed ;;
        *' code='*) echo closed ;;
        *) echo other ;;
    esac
}
if [ -n "$ASKED_ENDPOINT" ] && command -v curl >/dev/null 2>&1; then
    echo "endpoint_answer $(endpoint_answer "$ASKED_ENDPOINT")" &
fi

# --- the machine
echo "cpus $(nproc)"
sed -n 's/^MemTotal: *\([0-9]*\) kB$/memory \1/p' /proc/meminfo
for folder in $FOLDERS; do
    existing=$folder
    while [ ! -d "$existing" ]; do existing=${existing%/*} existing=${existing:-/}; done
    timeout 5 df -PTk "$existing" | tail -n +2 | while read -r _ kind size _ free _ mount; do
        ftype=
        [ "$kind" = xfs ] && ftype=$(xfs_info "$mount" 2>/dev/null | sed -n 's/.*ftype=\([01]\).*/\1/p')
        echo "disk $folder $kind $size $free ${ftype:--} $mount"
    done
done
tail -n +2 /proc/swaps | while read -r device _; do echo "swap $device"; done
command -v getenforce >/dev/null 2>&1 && echo "selinux $(getenforce)"
systemctl is-active firewalld.service docker.service crio.service 2>/dev/null |
    for line in "firewalld yes" "unit docker.service" "unit crio.service"; do
        read -r state && case $state in active | reloading) echo "$line" ;; esac
    done
if [ -r /sys/fs/cgroup/cgroup.controllers ]; then
    for name in $(cat /sys/fs/cgroup/cgroup.controllers); do echo "cgroup $name"; done
else
    tail -n +2 /proc/cgroups | while read -r name _ _ enabled; do [ "$enabled" = 1 ] && echo "cgroup $name"; done
fi
for module in $MODULES; do
    module_present "$module" || ! command -v modprobe >/dev/null 2>&1 || modprobe -n -q "$module" || echo "lacking_module $module"
done
echo "machine_id $(cat /etc/machine-id 2>/dev/null)"
# In a container it is the machine's, which is nobody's own.
systemd-detect-virt -c -q 2>/dev/null || echo "product_uuid $(cat /sys/class/dmi/id/product_uuid 2>/dev/null)"

# Long output is kept until the answers have come: it would not go into the pipe in one piece.
around=$(
    surroundings
    next_boot
    [ -z "$RUNTIME_LOOK" ] || sh -c "$RUNTIME_LOOK"
    [ -z "$NGINX" ] || sh -c "$NGINX" | sed 's/^/nginx /'
    sh -c "$NODE" | sed 's/^/node /'
)

# --- the network
if command -v ss >/dev/null 2>&1; then
    ss -ltnp | sed -n 's/^LISTEN/listen/p'
else
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | while read -r _ local _ state _; do
        [ "$state" = 0A ] && echo "listen_hex $local"
    done
fi
own_block='/^# BEGIN k8s_ha/,/^# END k8s_ha/'
sed "$own_block d; s/#.*//" /etc/hosts 2>/dev/null | while read -r address names; do
    for name in $names; do
        case " $NAMES " in *" $name "*) echo "hosts $address $names" && break ;; esac
    done
done
if [ -n "$ENDPOINT_NAME" ]; then
    sed -n "$own_block p" /etc/hosts 2>/dev/null | grep -wF -e "$ENDPOINT_NAME" | sed -n '1s/^\([0-9.]*\).*/endpoint_name_at \1/p'
fi
endpoint=$ENDPOINT
case $ENDPOINT in
    *[!0-9.]*)
        # What an earlier run of this package wrote is not there for ever.
        only=$(sed -n "$own_block p" /etc/hosts 2>/dev/null | grep -qwF -e "$ENDPOINT" && echo "-s dns")
        # shellcheck disable=SC2086 # words, or none
        found=$(timeout 10 getent $only ahostsv4 "$ENDPOINT" | while read -r address _; do echo "$address"; done | sort -u)
        for address in $found; do echo "endpoint_address $address"; done
        endpoint=$(echo "$found" | head -n 1)
        ;;
esac
if command -v ip >/dev/null 2>&1; then
    [ -z "$endpoint" ] || echo "endpoint_route $(ip -4 route get "$endpoint" 2>&1 | head -n 1)"
    ip -4 route show | sed 's/^/route /'
fi
# A proxy's URL may hold a password: only that it is set is told.
proxies() {
    sed -n "s/^\(export  *\)\{0,1\}\(https\{0,1\}_proxy\)=.\{1,\}/proxy $1 \2 set/Ip; s/^\(export  *\)\{0,1\}no_proxy=/proxy $1 no_proxy /Ip"
}
{
    env
    cat /etc/environment 2>/dev/null
} | proxies environment
echo "$manager" | proxies systemd
# systemd is asked about the kubelet only where something of it may name a proxy.
if grep -iqsr proxy /etc/systemd/system/kubelet.service* /run/systemd/system/kubelet.service* /usr/lib/systemd/system/kubelet.service* \
    /etc/sysconfig/kubelet /var/lib/kubelet/kubeadm-flags.env; then
    unit_environment kubelet | proxies kubelet
fi

# --- the virtual address
virtual_address

# --- Docker, where a node leaves it
if [ -n "$LEAVES_DOCKER" ]; then
    if named=$(others 2>/dev/null); then
        [ -z "$named" ] || echo "$named" | sed 's/^/docker_container /'
    else
        echo "docker_silent yes"
    fi
fi

# --- older clusters
for file in /etc/cni/net.d/* /etc/cni/net.d/.[!.]*; do [ -f "$file" ] && echo "cni ${file##*/}"; done
if [ -n "$ETCD_FOLDER" ]; then
    for file in "$ETCD_FOLDER"/* "$ETCD_FOLDER"/.[!.]*; do [ -e "$file" ] && echo "etcd ${file##*/}"; done
fi
wait
echo "$around"
echo "ended $(date +%s.%N)"
exit 0
