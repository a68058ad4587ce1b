# HOST, LOOK, MEMBER, NODE: gives back swap, SELinux and firewalld as they were, and takes the records of all that was given back.
#
# Stands behind take-back.sh, which also tells of what could not be taken back.
swaps() { grep -q "^$1 " /proc/swaps; }
# Says why a device cannot be swapped to any more: it was removed, or, as dm-1 may be after a boot, is another one by now.
unswappable() {
    [ -e "$1" ] || {
        echo "it is not there any more"
        return
    }
    type=$(blkid -p -o value -s TYPE "$1" 2>/dev/null)
    case $?:$type in
        0:swap | 0:swsuspend | 0:) ;;
        0:*) echo "it holds $type by now" ;;
        2:) ! head -c 4096 "$1" >/dev/null 2>&1 || echo "it holds no swap any more" ;;
    esac
}
swapped_again() {
    for device in $(kept swap); do
        if [ "$device" = none ] || swaps "$device"; then continue; fi
        why=$(unswappable "$device")
        if [ -z "$why" ]; then
            [ -n "$LOOK" ] || tried swapon "$device"
        else
            # One of memory comes back with its unit.
            case $device in /dev/zram*) ;; *) left "swap on $device: $why" ;; esac
        fi
    done
}
if [ -n "$NODE" ]; then
    was=$(kept swap_target)
    if [ -z "$was" ]; then
        if [ -n "$known" ] && [ "$(systemctl is-enabled swap.target 2>/dev/null)" = masked ]; then
            left "swap: nothing tells what it was before; it is off"
        fi
    elif due swap; then
        [ "$was" = masked ] || tried systemctl -q unmask swap.target
        tried systemctl daemon-reload
        # One device of fstab that is missing fails it: what counts is whether each one swaps then.
        [ "$was" = masked ] || systemctl start swap.target
        swapped_again
    else
        swapped_again
    fi
fi
was=$(kept selinux) mode=$(getenforce 2>/dev/null)
if [ "$was" = Enforcing ] && [ "$mode" = Disabled ]; then
    left "SELinux: it enforced before, and is disabled now"
elif [ "$was" = Enforcing ]; then
    if due SELinux && [ "$mode" = Permissive ]; then tried setenforce 1; fi
elif [ -z "$was" ] && [ -n "$MEMBER" ] && [ -n "$known" ] && [ "$mode" = Permissive ]; then
    left "SELinux: nothing tells what it was before; it is permissive"
fi
was=$(kept firewalld)
case $was in active* | *" enabled"*) ran=yes ;; *) ran= ;; esac
if [ -n "$ran" ] && ! is_there firewalld.service; then
    left "firewalld.service: it is not there any more"
elif [ -n "$ran" ] && [ "$(loaded firewalld.service)" = LoadState=masked ]; then
    left "firewalld.service: it is masked, which nothing of this package's does"
elif [ -n "$was" ]; then
    if due firewalld.service; then
        case $was in *" enabled"*) tried systemctl -q enable firewalld.service ;; esac
        case $was in active*) is_active firewalld.service || tried systemctl start firewalld.service ;; esac
    fi
elif [ -n "$MEMBER" ] && [ -n "$known" ] && [ ! -e "$before/opened" ] &&
    [ "$(systemctl is-enabled firewalld.service 2>/dev/null)" = disabled ]; then
    left "firewalld: nothing tells what it was before; it is disabled"
fi
if [ -s "$before/opened" ] && ! is_there firewalld.service; then
    left "firewalld's openings: firewalld.service is not there any more"
elif [ -s "$before/opened" ] && due "firewalld's openings"; then
    while read -r layer zone kind value; do
        tool=firewall-cmd option=
        [ "$layer" = runtime ] || option=--permanent
        if ! is_active firewalld.service; then
            # Only what the next start reads is there.
            [ "$layer" = permanent ] || continue
            tool=firewall-offline-cmd option=
        fi
        # One that is closed is no error.
        $tool -q $option --zone="$zone" --remove-"$kind"="$value" </dev/null
        ! $tool -q $option --zone="$zone" --query-"$kind"="$value" </dev/null ||
            failed "firewalld keeps the $kind $value in its zone $zone"
    done <"$before/opened"
fi
label=$(kept selinux_port)
port=${label%% *} type=${label#* }
if [ -n "$label" ] && [ "$mode" = Disabled ]; then
    left "SELinux's label of port $port: SELinux is disabled now"
elif [ -n "$label" ] && ! command -v semanage >/dev/null; then
    left "SELinux's label of port $port: semanage is not there any more"
elif [ -n "$label" ] && due "SELinux's label of port $port"; then
    if [ "$type" != none ]; then
        tried semanage port -m -t "$type" -p tcp "$port"
    elif ! own=$(semanage port -l -C); then
        failed "semanage port -l -C"
    elif echo "$own" | grep -q "^http_port_t .*[ ,]$port\(,\|\$\)"; then
        tried semanage port -d -p tcp "$port"
    fi
fi
if [ "$(kept httpd_can_network_connect)" = off ]; then
    if [ "$mode" = Disabled ]; then
        left "SELinux's httpd_can_network_connect: SELinux is disabled now"
    elif due "SELinux's httpd_can_network_connect"; then
        tried setsebool -P httpd_can_network_connect 0
    fi
fi

if [ -n "$problems" ]; then
    echo "$HOST: not everything could be taken back:$problems" >&2
    exit 1
fi
if [ -n "$known" ] && due "the records in $folder"; then
    find /run/k8s-ha -mindepth 1 -type f ! -name '*.lock' ! -name 'run.*' -delete 2>/dev/null
    records ! -path "$before/*" ! -path "$folder/reset" -exec rm -f {} + &&
        records ! -path "$folder/reset" -exec rm -f {} + &&
        find -H "$folder" -mindepth 1 -type d ! -path "$folder/backups" ! -path "$folder/backups/*" -empty -delete &&
        rm -f "$folder/reset" || exit 1
fi
[ -n "$LOOK" ] || emptied "$folder"
exit 0
